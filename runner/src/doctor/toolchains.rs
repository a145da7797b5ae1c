//! Images: one for each toolchain, present and what its recipe describes.

use super::finding::Finding;
use crate::images::ImageStatus;
use crate::languages::Language;

/// Each image that one of these languages needs. Where some language is offered, another one less is no
/// hindrance.
pub fn findings(images: &[ImageStatus], languages: &[Language]) -> Vec<Finding> {
    let users = |image: &ImageStatus| {
        let users = languages.iter().filter(|language| language.image == image.name);
        users.map(|language| language.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let needed: Vec<(&ImageStatus, String)> =
        images.iter().map(|image| (image, users(image))).filter(|(_, users)| !users.is_empty()).collect();
    let some = needed.iter().any(|(image, _)| image.current);
    needed.iter().map(|(image, users)| finding(image, users, some)).collect()
}

/// The tag of an image to try a box with: one that is current if there is, else any.
pub fn for_trial(images: &[ImageStatus]) -> Option<&str> {
    let current = images.iter().find(|image| image.current);
    current.or_else(|| images.iter().find(|image| image.present)).map(|image| image.tag.as_str())
}

fn finding(image: &ImageStatus, users: &str, some: bool) -> Finding {
    let name = &image.name;
    let what = match (image.present, image.current) {
        (true, true) => return Finding::fine("image", format!("{name} is up to date, for {users}")),
        (true, false) => "out of date",
        (false, _) => "not there",
    };
    let says = format!("{name} is {what}: no {users} here");
    let mend = format!("runner images build {name}");
    if some { Finding::weak("image", says, mend) } else { Finding::missing("image", says, mend) }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    fn image(name: &str, present: bool, current: bool) -> ImageStatus {
        let tag = format!("ruche/{name}:latest");
        ImageStatus { name: name.into(), tag, present, current, size_bytes: 0, created: None }
    }

    #[test]
    fn an_image_is_said_to_be_for_its_languages() {
        let languages = crate::languages::built_in().unwrap();
        let found = findings(&[image("gcc", true, true), image("jdk", false, false)], &languages);
        assert_eq!(found[0].says, "gcc is up to date, for C, C++");
        assert_eq!(found[1].mend.as_deref(), Some("runner images build jdk"));
        assert_eq!(found[1].state, State::Weak, "other languages work without it");
        let found = findings(&[image("gcc", true, false)], &languages);
        assert_eq!(found[0].state, State::Missing, "nothing works");
        let found = findings(&[image("gcc", true, true), image("fpc", false, false)], &languages);
        assert_eq!(found.len(), 1, "no language needs it");
    }

    #[test]
    fn a_trial_takes_what_is_there() {
        let images = [image("gcc", false, false), image("jdk", true, false), image("python", true, true)];
        assert_eq!(for_trial(&images), Some("ruche/python:latest"));
        assert_eq!(for_trial(&images[..2]), Some("ruche/jdk:latest"));
        assert_eq!(for_trial(&images[..1]), None);
    }
}
