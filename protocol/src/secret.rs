//! What must not be seen.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A token or password on its way. It shows itself neither in `Debug` nor in errors.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String, format = Password))]
pub struct Secret(String);

impl Secret {
    /// The secret itself, for whoever checks, stores or sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(secret: String) -> Self {
        Self(secret)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_travels_but_does_not_show_itself() {
        let secret = Secret::from("tulip".to_owned());
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"tulip\"");
        assert!(!format!("{secret:?}").contains("tulip"));
        assert!(!format!("{:?}", Some(&secret)).contains("tulip"));
    }
}
