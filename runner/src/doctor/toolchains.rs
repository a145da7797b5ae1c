//! Images: one for each toolchain, present and what its recipe describes.

use super::finding::Finding;
use crate::images::ImageStatus;
use crate::languages::Language;

/// The images that these languages need: those that are here one by one, the others together. Where some language
/// is offered, others less are no hindrance.
pub fn findings(images: &[ImageStatus], languages: &[Language]) -> Vec<Finding> {
    let users = |image: &ImageStatus| {
        let users = languages.iter().filter(|language| language.image == image.name);
        users.map(|language| language.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let needed: Vec<(&ImageStatus, String)> =
        images.iter().map(|image| (image, users(image))).filter(|(_, users)| !users.is_empty()).collect();
    let some = needed.iter().any(|(image, _)| image.current);
    let (here, absent): (Vec<_>, Vec<_>) = needed.into_iter().partition(|(image, _)| image.present);
    let here = here.iter().map(|(image, users)| match image.current {
        true => Finding::fine("image", format!("{} is up to date, for {users}", image.name)),
        false => lacking(&format!("{} is out of date", image.name), users, &image.name, some),
    });
    let mut findings: Vec<Finding> = here.collect();
    let names: Vec<&str> = absent.iter().map(|(image, _)| image.name.as_str()).collect();
    let users: Vec<&str> = absent.iter().map(|(_, users)| users.as_str()).collect();
    let are = if names.len() == 1 { "is" } else { "are" };
    findings.extend((!names.is_empty()).then(|| {
        lacking(&format!("{} {are} not there", names.join(", ")), &users.join(", "), &names.join(" "), some)
    }));
    findings
}

fn lacking(what: &str, users: &str, build: &str, some: bool) -> Finding {
    let (says, mend) = (format!("{what}: no {users} here"), format!("runner images build {build}"));
    if some { Finding::weak("image", says, mend) } else { Finding::missing("image", says, mend) }
}

/// The tag of an image to try a box with: one that is current if there is, else any.
pub fn for_trial(images: &[ImageStatus]) -> Option<&str> {
    let current = images.iter().find(|image| image.current);
    current.or_else(|| images.iter().find(|image| image.present)).map(|image| image.tag.as_str())
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
        let all = crate::languages::built_in().unwrap();
        let languages: Vec<Language> =
            all.into_iter().filter(|it| ["c", "cpp", "java", "go"].contains(&it.id.as_str())).collect();
        let found = findings(&[image("gcc", true, true), image("jdk", false, false)], &languages);
        assert_eq!(found[0].says, "gcc is up to date, for C, C++");
        assert_eq!(found[1].mend.as_deref(), Some("runner images build jdk"));
        assert_eq!(found[1].state, State::Weak, "other languages work without it");
        let found = findings(&[image("gcc", true, false)], &languages);
        assert_eq!(found[0].state, State::Missing, "nothing works");
        let absent = [image("gcc", true, true), image("go", false, false), image("jdk", false, false)];
        let found = findings(&absent, &languages);
        assert_eq!(found[1].says, "go, jdk are not there: no Go, Java here");
        assert_eq!(found[1].mend.as_deref(), Some("runner images build go jdk"));
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
