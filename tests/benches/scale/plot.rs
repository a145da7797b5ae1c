//! A drawing of how figures grow: panels with logarithmic axes, side by side, as SVG.

use std::fmt::Write;

/// The size of a panel's field, and what is left around it.
const WIDTH: f64 = 330.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 62.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 46.0;
const LEGEND: f64 = 150.0;

/// Colours that most people can tell apart.
const COLOURS: [&str; 6] = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9"];

/// A line of points, each above zero both ways.
#[derive(Debug, Clone)]
pub struct Line {
    /// What it is about.
    pub name: String,
    /// Its points, from the left.
    pub points: Vec<(f64, f64)>,
}

/// A panel.
#[derive(Debug, Clone)]
pub struct Panel {
    /// What goes up.
    pub title: &'static str,
    /// What goes to the right.
    pub below: &'static str,
    /// The same lines, in the same order, as the other panels have.
    pub lines: Vec<Line>,
    /// A bound to be seen.
    pub bound: Option<f64>,
}

/// Draws panels beside each other.
pub fn draw(panels: &[Panel]) -> String {
    let width = panels.len() as f64 * (LEFT + WIDTH) + LEGEND;
    let height = TOP + HEIGHT + BOTTOM;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for (index, panel) in panels.iter().enumerate() {
        let left = index as f64 * (LEFT + WIDTH) + LEFT;
        let _ = writeln!(svg, "<g transform=\"translate({left} {TOP})\">");
        panel.draw(&mut svg);
        svg.push_str("</g>\n");
    }
    if let Some(panel) = panels.first() {
        legend(&panel.lines, width - LEGEND + 12.0, &mut svg);
    }
    svg + "</svg>\n"
}

impl Panel {
    fn draw(&self, svg: &mut String) {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let across = Axis::of(points().map(|point| point.0), WIDTH);
        let up = Axis::of(points().map(|point| point.1).chain(self.bound), HEIGHT);
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"-14\" text-anchor=\"middle\" font-size=\"14\">{}</text>",
            WIDTH / 2.0,
            self.title
        );
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            WIDTH / 2.0,
            HEIGHT + 36.0,
            self.below
        );
        for decade in across.decades() {
            let x = across.place(decade);
            let _ = writeln!(
                svg,
                "<path d=\"M{x:.1} 0V{HEIGHT}\" stroke=\"#ddd\"/><text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                HEIGHT + 18.0,
                label(decade)
            );
        }
        for decade in up.decades() {
            let y = HEIGHT - up.place(decade);
            let _ = writeln!(
                svg,
                "<path d=\"M0 {y:.1}H{WIDTH}\" stroke=\"#ddd\"/><text x=\"-8\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                y + 4.0,
                label(decade)
            );
        }
        if let Some(bound) = self.bound {
            let y = HEIGHT - up.place(bound);
            let _ = writeln!(svg, "<path d=\"M0 {y:.1}H{WIDTH}\" stroke=\"#000\" stroke-dasharray=\"5 4\"/>");
        }
        for (line, colour) in self.lines.iter().zip(COLOURS.iter().cycle()) {
            let places = line.points.iter().map(|(x, y)| (across.place(*x), HEIGHT - up.place(*y)));
            let places: Vec<String> = places.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            let _ = writeln!(
                svg,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                places.join(" ")
            );
            for place in &places {
                let (x, y) = place.split_once(',').unwrap_or_default();
                let _ = writeln!(svg, "<circle cx=\"{x}\" cy=\"{y}\" r=\"3\" fill=\"{colour}\"/>");
            }
        }
    }
}

fn legend(lines: &[Line], left: f64, svg: &mut String) {
    for ((index, line), colour) in lines.iter().enumerate().zip(COLOURS.iter().cycle()) {
        let y = TOP + 10.0 + 20.0 * index as f64;
        let _ = writeln!(
            svg,
            "<circle cx=\"{left}\" cy=\"{y}\" r=\"4\" fill=\"{colour}\"/><text x=\"{}\" y=\"{}\">{}</text>",
            left + 10.0,
            y + 4.0,
            line.name
        );
    }
}

/// A logarithmic axis, from one power of ten to another.
struct Axis {
    from: i32,
    to: i32,
    length: f64,
}

impl Axis {
    fn of(values: impl Iterator<Item = f64>, length: f64) -> Self {
        let powers = values.filter(|value| *value > 0.0).map(f64::log10);
        let (low, high) = powers
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), power| (low.min(power), high.max(power)));
        let (from, to) = if low <= high { (low.floor() as i32, high.ceil() as i32) } else { (0, 1) };
        Self { from, to: to.max(from + 1), length }
    }

    fn place(&self, value: f64) -> f64 {
        (value.log10() - f64::from(self.from)) / f64::from(self.to - self.from) * self.length
    }

    fn decades(&self) -> impl Iterator<Item = f64> {
        (self.from..=self.to).map(|power| 10_f64.powi(power))
    }
}

fn label(value: f64) -> String {
    match value {
        value if value >= 1000.0 => format!("{}k", value / 1000.0),
        value => format!("{value}"),
    }
}
