//! What the stories are told with: a real server on a database of its own, people who use it, and a
//! clock that stands still until it is told otherwise.

pub(crate) mod answer;
pub(crate) mod crowd;
pub(crate) mod custom;
pub(crate) mod database;
pub(crate) mod dns;
pub(crate) mod domains;
pub(crate) mod identity;
pub(crate) mod inviting;
pub(crate) mod joining;
pub(crate) mod life;
pub(crate) mod live;
pub(crate) mod moves;
pub(crate) mod operations;
pub(crate) mod operator;
pub(crate) mod ownership;
pub(crate) mod person;
pub(crate) mod plans;
pub(crate) mod plant;
pub(crate) mod program;
pub(crate) mod roles;
pub(crate) mod rows;
pub(crate) mod server;
pub(crate) mod service_user;
pub(crate) mod smtp;
pub(crate) mod smtp_tls;

pub(crate) use answer::Answer;
pub(crate) use person::Person;
pub(crate) use server::{Options, Server};

/// Two tests from one story, on SQLite and on PostgreSQL:
/// `both!(r43_…, async |server| { … });`
macro_rules! both {
    ($(#[$doc:meta])* $name:ident, $story:expr) => {
        both!($(#[$doc])* $name, $crate::support::Options::default(), $story);
    };
    ($(#[$doc:meta])* $name:ident, $options:expr, $story:expr) => {
        $(#[$doc])*
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                $crate::support::database::on_sqlite($options, $story).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                $crate::support::database::on_postgres($options, $story).await;
            }
        }
    };
}
pub(crate) use both;
