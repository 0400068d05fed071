//! What only administrators do with users: make, list, remove them, and let them in again. All of it takes `service_role`.

use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::said::Said;
use super::{Caller, deadline, invalid, subject, unknown};
use crate::auth::{Auth, audit};
use crate::error::{Error, Result};
use crate::store::identity::Account;

impl Auth {
    /// A new user, as an administrator says.
    ///
    /// # Errors
    /// As of [`Auth::sign_up`], and `identity.denied`.
    pub async fn create_user(
        &self,
        caller: Caller<'_>,
        user: &str,
        password: Option<Zeroizing<String>>,
    ) -> Result<String> {
        caller.administers()?;
        let (id, user) = self.add(&Said::read(user)?, password, false).await?;
        audit::publish(caller.identity, "user.created", &json!({ "user_id": id }));
        Ok(user)
    }

    /// A page of users.
    ///
    /// # Errors
    /// `identity.denied`, `identity.invalid`.
    pub async fn list_users(&self, caller: Caller<'_>, page: u32, per_page: u32, part: &str) -> Result<String> {
        caller.administers()?;
        if page == 0 || !(1..=1000).contains(&per_page) || part.contains('\0') {
            return Err(invalid("pages count from 1, and have 1 to 1000 users"));
        }
        let mut act = self.store.act(deadline()).await?;
        let users = act.users(page, per_page, part).await?;
        act.commit().await?;
        Ok(users)
    }

    /// Removes a user.
    ///
    /// # Errors
    /// `identity.denied`, `identity.unknown-user`.
    pub async fn delete_user(&self, caller: Caller<'_>, id: &str, soft: bool) -> Result<()> {
        caller.administers()?;
        let mut act = self.store.act(deadline()).await?;
        if !act.hold_user(id).await? {
            return Err(unknown());
        }
        self.shut_out(&mut act, id, "deleted").await?;
        act.remove_user(id, soft).await?;
        act.commit().await?;
        self.look().await;
        audit::publish(caller.identity, "user.deleted", &json!({ "user_id": id, "soft": soft }));
        Ok(())
    }

    /// Forgets what locks a user out.
    ///
    /// # Errors
    /// `identity.denied`, `identity.unknown-user`.
    pub async fn reset_attempts(&self, caller: Caller<'_>, id: &str) -> Result<()> {
        caller.administers()?;
        let mut act = self.store.act(deadline()).await?;
        let user = act.user(&Account::Id(id.to_owned())).await?.ok_or_else(unknown)?;
        let user: Names = serde_json::from_str(&user).map_err(Error::internal)?;
        for account in [Account::Id(id.to_owned()), Account::Email(user.email), Account::Phone(user.phone)] {
            for kind in ["password", "code", "token"] {
                act.forgive(&subject(kind, &account)).await?;
            }
        }
        act.commit().await?;
        audit::publish(caller.identity, "user.attempts-reset", &json!({ "user_id": id }));
        Ok(())
    }
}

#[derive(Deserialize)]
struct Names {
    email: String,
    phone: String,
}
