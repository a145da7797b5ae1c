//! What is there already.

use bollard::Docker;
use bollard::models::ImageInspect;
use serde::Serialize;

use super::recipes::Recipes;
use super::{BASE_LABEL, Error, RECIPE_LABEL, tag};

/// An image as Docker has it, or has not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageStatus {
    /// The toolchain, as in `NAME.Dockerfile`.
    pub name: String,
    /// What Docker calls the image.
    pub tag: String,
    /// Whether Docker has it.
    pub present: bool,
    /// Whether it is the one that the recipe describes.
    pub current: bool,
    /// Its size with all layers, zero where there is none.
    pub size_bytes: u64,
    /// When it was built, as Docker writes it.
    pub created: Option<String>,
}

/// The state of every image there is a recipe for.
pub async fn list(docker: &Docker, recipes: &Recipes) -> Result<Vec<ImageStatus>, Error> {
    let mut images = Vec::new();
    for name in recipes.names() {
        let found = find(docker, &tag(name)).await?;
        images.push(describe(recipes, name, found.as_ref()));
    }
    Ok(images)
}

/// The id of an image, if it is there and is what its recipe describes. On which base does not matter here: a
/// base that moved on since is for the next build to notice.
pub async fn current(docker: &Docker, recipes: &Recipes, name: &str) -> Result<Option<String>, Error> {
    let found = find(docker, &tag(name)).await?;
    Ok(found.filter(|image| matches_recipe(recipes, name, image, None)).and_then(|image| image.id))
}

/// An image, unless Docker has none of that name.
pub(super) async fn find(docker: &Docker, reference: &str) -> Result<Option<ImageInspect>, Error> {
    use bollard::errors::Error::DockerResponseServerError;
    match docker.inspect_image(reference).await {
        Ok(image) => Ok(Some(image)),
        Err(DockerResponseServerError { status_code: 404, .. }) => Ok(None),
        Err(error) => Err(Error::docker(format!("cannot look for the image {reference}"))(error)),
    }
}

/// Whether an image was made from this recipe, on the base given or else on the one it names itself.
pub(super) fn matches_recipe(
    recipes: &Recipes,
    name: &str,
    image: &ImageInspect,
    base_id: Option<&str>,
) -> bool {
    let label = |key| image.config.as_ref()?.labels.as_ref()?.get(key).map(String::as_str);
    let Some(base_id) = base_id.or_else(|| label(BASE_LABEL)) else { return false };
    label(RECIPE_LABEL) == Some(recipes.fingerprint(name, base_id).as_str())
}

fn describe(recipes: &Recipes, name: &str, image: Option<&ImageInspect>) -> ImageStatus {
    ImageStatus {
        name: name.to_owned(),
        tag: tag(name),
        present: image.is_some(),
        current: image.is_some_and(|image| matches_recipe(recipes, name, image, None)),
        size_bytes: image.map_or(0, size),
        created: image.and_then(|image| image.created.clone()),
    }
}

/// Docker writes sizes as signed numbers.
pub(super) fn size(image: &ImageInspect) -> u64 {
    image.size.unwrap_or(0).try_into().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use bollard::models::ImageConfig;

    use super::*;

    fn image(labels: &[(&str, &str)]) -> ImageInspect {
        let labels = labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        let config = ImageConfig { labels: Some(labels), ..Default::default() };
        ImageInspect { config: Some(config), size: Some(7), ..Default::default() }
    }

    #[test]
    fn an_image_is_current_while_its_recipe_and_base_are() {
        let recipes = Recipes::embedded();
        let made = image(&[(RECIPE_LABEL, &recipes.fingerprint("gcc", "b1")), (BASE_LABEL, "b1")]);
        assert!(matches_recipe(&recipes, "gcc", &made, None));
        assert!(matches_recipe(&recipes, "gcc", &made, Some("b1")));
        assert!(!matches_recipe(&recipes, "gcc", &made, Some("b2")));
        assert!(!matches_recipe(&recipes, "python", &made, None));
        assert!(!matches_recipe(&recipes, "gcc", &image(&[]), None));
    }

    #[test]
    fn an_absent_image_is_neither_present_nor_current() {
        let status = describe(&Recipes::embedded(), "jdk", None);
        assert_eq!((status.present, status.current, status.size_bytes), (false, false, 0));
        assert_eq!(status.tag, "ruche/jdk:latest");
    }
}
