//! Kernels whose admin is not the superuser of the tests' server.

use super::{Setup, run_sql};

impl Setup {
    /// Uses a login of its own, with these options, in place of the superuser.
    pub fn with_login(mut self, options: &str) -> Self {
        let superuser = self.database().to_owned();
        let (server, name) = superuser.split_once(" dbname=").expect("a name");
        run_sql(&superuser, &format!("create role {name} login {options}"), self.folder.path());
        self.superuser = Some(superuser.clone());
        self.database = Some(format!("{} user={name} dbname={name}", server.replace(" user=postgres", "")));
        self
    }

    /// Uses an admin as managed servers give it: owner of the database, with CREATEROLE, and no superuser.
    pub fn without_superuser(self) -> Self {
        // Who may give a role away is whoever made it, from Postgres 16 on: make sure that somebody has.
        assert!(self.run(&["migrate"]).status.success());
        let setup = self.with_login("createrole");
        let name = setup.database().rsplit('=').next().expect("a name").to_owned();
        setup.sql_as_superuser(&format!(
            "drop schema basalt, auth cascade; alter database {name} owner to {name};
             grant anon, authenticated, service_role to {name} with admin option",
        ));
        setup
    }

    /// Runs SQL as the superuser that [`Self::with_login`] put aside.
    pub fn sql_as_superuser(&self, sql: &str) {
        run_sql(self.superuser.as_deref().expect("put aside"), sql, self.folder.path());
    }
}
