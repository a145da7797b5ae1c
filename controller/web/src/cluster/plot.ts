/** How graphs look: uPlot's options for one. */

import type uPlot from 'uplot';

export interface Line {
  label: string;
  /** The style sheet's variable with its colour, as in `--busy`. */
  colour: string;
}

export interface Look {
  lines: Line[];
  /** The language of times, as the page has it. */
  language: string;
  /** The seconds between the left edge and the right one. */
  seconds: number;
  /** The value at the upper edge, at least; and whether there is never more. */
  top: number;
  isCapped: boolean;
  format: (value: number) => string;
  /** The time at the right edge, in seconds since 1970. */
  now: () => number;
  onmoment: (index: number | undefined) => void;
}

export function options(look: Look, element: HTMLElement, width: number, height: number): uPlot.Options {
  const colour = (name: string): string => getComputedStyle(element).getPropertyValue(name).trim();
  const size = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const font = `${size * 0.75}px system-ui, sans-serif`;
  const [muted, line] = [colour('--muted'), colour('--line')];
  const axis = { stroke: muted, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  const day = look.seconds > 7200;
  const time = new Intl.DateTimeFormat(look.language, {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...(look.seconds <= 60 && { second: '2-digit' as const }),
  });
  return {
    width,
    height,
    padding: [size / 2, size * 1.2, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      x: { time: true, range: () => [look.now() - look.seconds, look.now()] },
      y: { range: (_plot, _min, max) => [0, look.isCapped ? look.top : Math.max(look.top, Math.ceil((max ?? 0) * 1.1))] },
    },
    axes: [
      { ...axis, size: size * 1.8, space: size * 5, values: (_plot, splits) => splits.map((at) => time.format(at * 1000)), ...(day && { incrs: [3600, 7200, 14_400, 21_600] }) },
      { ...axis, size: size * 3.4, space: size * 1.8, values: (_plot, splits) => splits.map((value) => (Number.isInteger(value) ? look.format(value) : '')) },
    ],
    series: [
      {},
      ...look.lines.map(({ label, colour: name }, index) => ({
        label,
        stroke: colour(name),
        width: 2,
        // One or two moments make no line that anybody would see.
        points: { show: (plot: uPlot) => plot.data[0].length < 3 },
        // The theme's colours are `#rrggbb`: two more digits make them see-through.
        ...(index === 0 && { fill: `${colour(name)}24` }),
      })),
    ],
    hooks: { setCursor: [(plot) => look.onmoment(plot.cursor.idx ?? undefined)] },
  };
}
