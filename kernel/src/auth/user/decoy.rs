//! A user who is nobody, for answering whoever asks with an address that is known already. Nothing of it is kept.

use serde_json::Value;

use super::said::Said;
use super::{deadline, invalid, unknown};
use crate::auth::Auth;
use crate::error::Result;
use crate::store::identity::Account;

impl Auth {
    /// What [`Auth::sign_up`] would have given for a new user whose address is to be confirmed. It is made in the same way, so that
    /// nothing tells one from the other.
    ///
    /// # Errors
    /// `identity.invalid`.
    pub async fn decoy(&self, user: &str) -> Result<String> {
        let mut said = Said::read(user)?;
        let email = said.email.clone().filter(|_| !said.is_administrative() && said.phone.is_none());
        let email = email.ok_or_else(|| invalid("a decoy has an address, and `user_metadata` at most"))?;
        // The address is somebody's: another one stands for it until the user is read.
        let stand_in = format!("{}@decoy.invalid", uuid::Uuid::new_v4().simple());
        said.email = Some(stand_in.clone());
        let mut change = said.change(false)?;
        change.is_anonymous = Some(false);
        let mut act = self.store.act(deadline()).await?;
        let id = act.add_user().await?;
        act.change_user(&id, &change).await?;
        let user = act.user(&Account::Id(id)).await?.ok_or_else(unknown)?;
        drop(act);
        let quoted = Value::String(email).to_string();
        Ok(user.replace(&stand_in, quoted.trim_matches('"')))
    }
}
