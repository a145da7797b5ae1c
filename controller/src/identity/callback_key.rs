//! The keys that sign callbacks: each user's own, kept with the account, and one of the cluster for jobs of nobody. Made
//! when they are first needed.

use protocol::account::CallbackKey;
use protocol::{Problem, Secret};

use super::records::{self, User, change};
use super::{Caller, Deed, Identity, secret, stale};
use crate::store::Records;

/// What a key begins with.
const PREFIX: &str = "ruche_cbk_";

/// The document with the cluster's key, and its name.
const KIND: &str = "callback_key";
const NAME: &str = "cluster";

/// Whose key is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The caller's own.
    Own,
    /// The cluster's, for jobs that came without an account.
    Cluster,
}

impl Identity {
    /// A key, for somebody who may have it.
    ///
    /// # Errors
    /// Where nobody has logged in, or the store fails.
    pub async fn callback_key(&self, caller: &Caller, whose: Whose) -> Result<CallbackKey, Problem> {
        let owner = owner(caller, whose)?;
        let key = callback_key(&*self.store, owner).await?.ok_or_else(stale)?;
        Ok(CallbackKey { key })
    }

    /// Puts a new key in place of the old one, which signs nothing any more.
    ///
    /// # Errors
    /// The same.
    pub async fn renew_callback_key(&self, caller: &Caller, whose: Whose) -> Result<CallbackKey, Problem> {
        let owner = owner(caller, whose)?;
        let new = secret::new(PREFIX);
        let key = change_key(&*self.store, owner, |_| new.clone()).await?.ok_or_else(stale)?;
        let subject = owner.unwrap_or(NAME);
        self.note(Deed::of(caller, "callback_key_renewed", Some(subject))).await;
        Ok(CallbackKey { key })
    }
}

fn owner(caller: &Caller, whose: Whose) -> Result<Option<&str>, Problem> {
    match whose {
        Whose::Own => Ok(Some(&caller.account()?.name)),
        Whose::Cluster => Ok(None),
    }
}

/// The key that signs callbacks of this owner's jobs, or of nobody's. `None` where there is no such user.
///
/// # Errors
/// Where the store fails.
pub async fn callback_key(store: &dyn Records, owner: Option<&str>) -> Result<Option<Secret>, Problem> {
    let known = match owner {
        Some(name) => {
            let user: Option<User> = records::find(store, records::USER, name).await?;
            user.and_then(|user| user.callback_key)
        }
        None => records::find(store, KIND, NAME).await?,
    };
    match known {
        Some(key) => Ok(Some(key)),
        None => change_key(store, owner, |there| there.unwrap_or_else(|| secret::new(PREFIX))).await,
    }
}

/// Puts a key in place of what there is. Returns it; `None` where there is no such user.
async fn change_key(
    store: &dyn Records,
    owner: Option<&str>,
    new: impl Fn(Option<Secret>) -> Secret,
) -> Result<Option<Secret>, Problem> {
    let Some(name) = owner else {
        return change(store, KIND, NAME, |there: Option<Secret>| {
            let key = new(there);
            Ok(Some((key.clone(), key)))
        })
        .await;
    };
    change(store, records::USER, name, |user: Option<User>| {
        let Some(mut user) = user else { return Ok(None) };
        let key = new(user.callback_key.take());
        user.callback_key = Some(key.clone());
        Ok(Some((user, key)))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::memory;

    #[tokio::test]
    async fn a_key_is_made_once_and_nobody_else_has_it() {
        let store = memory();
        let cluster = callback_key(&store, None).await.unwrap().unwrap();
        assert_eq!(callback_key(&store, None).await.unwrap().as_ref(), Some(&cluster));
        assert_eq!(cluster.expose().len(), PREFIX.len() + 43);
        assert_eq!(callback_key(&store, Some("ada")).await.unwrap(), None);

        let now = crate::clock::now();
        let ada = User::new("ada".to_owned(), protocol::account::Role::User, "hash".to_owned(), now);
        records::create(&store, records::USER, "ada", &ada, None).await.unwrap();
        let own = callback_key(&store, Some("ada")).await.unwrap().unwrap();
        assert_ne!(own, cluster);
        assert_eq!(callback_key(&store, Some("ada")).await.unwrap(), Some(own));
    }
}
