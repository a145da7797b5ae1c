//! Users of a controller.

use serde_json::{Value, json};

use super::{Controller, Events, Http, Reply};

pub const PASSWORD: &str = "correct horse battery";

/// Somebody who calls with a token, or without one.
pub struct Someone {
    pub http: Http,
    pub token: Option<String>,
}

impl Someone {
    pub async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let token = self.token.as_ref().map(|token| format!("authorization: Bearer {token}\r\n"));
        let is_json = body.is_some() || method == "POST";
        let kind = is_json.then(|| "content-type: application/json\r\n".to_owned());
        let headers: String = token.into_iter().chain(kind).collect();
        let body = body.map(Value::to_string).unwrap_or_default();
        self.http.send(method, &format!("/api/v1{path}"), &headers, &body).await
    }

    /// Follows server-sent events.
    pub async fn follow(&self, path: &str) -> (u16, Events) {
        let token = self.token.as_ref().map(|token| format!("authorization: Bearer {token}\r\n"));
        self.http.follow(&format!("/api/v1{path}"), &token.unwrap_or_default()).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.call("POST", path, Some(body)).await
    }

    /// The same, with a token of this one's.
    pub async fn with_token(&self, new: &Value) -> Self {
        let made = self.post("/tokens", new).await;
        assert_eq!(made.status, 201, "{made:?}");
        self.showing(made.json()["token"].as_str().unwrap())
    }

    pub fn showing(&self, token: &str) -> Self {
        Self { http: Http(self.http.0), token: Some(token.to_owned()) }
    }
}

impl Controller {
    /// Somebody without an account.
    pub fn anonymous(&self) -> Someone {
        Someone { http: self.http(), token: None }
    }

    /// The first account, an admin's.
    pub async fn first_admin(&self) -> Someone {
        let new = json!({ "name": "root", "role": "admin", "password": PASSWORD });
        let added = self.anonymous().post("/users", &new).await;
        assert_eq!(added.status, 201, "{added:?}");
        self.log_in("root").await
    }

    /// Another account.
    pub async fn add_user(&self, admin: &Someone, name: &str, role: &str) -> Someone {
        let new = json!({ "name": name, "role": role, "password": PASSWORD });
        let added = admin.post("/users", &new).await;
        assert_eq!(added.status, 201, "{added:?}");
        self.log_in(name).await
    }

    pub async fn log_in(&self, name: &str) -> Someone {
        let ask = json!({ "name": name, "password": PASSWORD });
        let session = self.anonymous().post("/session?token=true", &ask).await;
        assert_eq!(session.status, 200, "{session:?}");
        self.anonymous().showing(session.json()["token"].as_str().unwrap())
    }
}
