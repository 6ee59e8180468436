//! Networks from which nobody is invited (R54).

use chrono::{DateTime, Utc};
use entity::denied_network::{self, Model};
use ipnet::IpNet;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbBackend, DbErr, EntityTrait, TryInsertResult};
use std::net::IpAddr;

use super::sql::{ROWS_PER_STATEMENT, Sql};

/// Every network that an address can lie in, as the table spells it: one for each length of a prefix.
#[must_use]
pub fn around(address: IpAddr) -> Vec<String> {
    let own = IpNet::from(address.to_canonical());
    let wider = std::iter::successors(Some(own), IpNet::supernet);
    wider.map(|network| network.to_string()).collect()
}

/// The narrowest denied network that one of these is, if any.
pub async fn first(
    db: &impl ConnectionTrait,
    networks: &[String],
) -> Result<Option<String>, DbErr> {
    let mut sql = Sql::new("SELECT DISTINCT network FROM denied_networks WHERE network IN ");
    sql.list(networks.iter().cloned());
    let statement = sql.statement(db);
    let rows = db.query_all_raw(statement).await?;
    let denied: Vec<String> =
        rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
    Ok(networks.iter().find(|network| denied.contains(network)).cloned())
}

/// Puts networks on a list, with a note for all of them; gives how many were not on it yet.
pub async fn insert(
    db: &impl ConnectionTrait,
    networks: &[IpNet],
    list: &str,
    note: Option<&str>,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let mut inserted = 0;
    for piece in networks.chunks(ROWS_PER_STATEMENT) {
        let rows = piece.iter().map(|network| denied_network::ActiveModel {
            network: Set(network.to_string()),
            list: Set(list.to_owned()),
            note: Set(note.map(str::to_owned)),
            created_at: Set(now),
        });
        let outcome = denied_network::Entity::insert_many(rows)
            .on_conflict_do_nothing_on([
                denied_network::Column::Network,
                denied_network::Column::List,
            ])
            .exec_without_returning(db)
            .await?;
        if let TryInsertResult::Inserted(rows) = outcome {
            inserted += rows;
        }
    }
    Ok(inserted)
}

/// Changes what is noted about a network on a list.
pub async fn set_note(
    db: &impl ConnectionTrait,
    network: &IpNet,
    list: &str,
    note: &str,
) -> Result<(), DbErr> {
    let mut sql = Sql::new("UPDATE denied_networks SET note = ");
    sql.bind(note).push(" WHERE network = ").bind(network.to_string());
    sql.push(" AND list = ").bind(list);
    sql.execute(db).await.map(drop)
}

/// Takes a network off every list; tells from how many.
pub async fn remove(db: &impl ConnectionTrait, network: &IpNet) -> Result<u64, DbErr> {
    let mut sql = Sql::new("DELETE FROM denied_networks WHERE network = ");
    sql.bind(network.to_string());
    sql.execute(db).await
}

/// Empties a list; tells how many networks were on it.
pub async fn clear(db: &impl ConnectionTrait, list: &str) -> Result<u64, DbErr> {
    let mut sql = Sql::new("DELETE FROM denied_networks WHERE list = ");
    sql.bind(list);
    sql.execute(db).await
}

/// Keeps others from changing the lists until the transaction ends; they can be read meanwhile.
pub async fn lock(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    // A write transaction of SQLite has the whole database to itself already.
    if db.get_database_backend() == DbBackend::Postgres {
        Sql::new("LOCK TABLE denied_networks IN SHARE ROW EXCLUSIVE MODE").execute(db).await?;
    }
    Ok(())
}

/// All of them.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    denied_network::Entity::find().all(db).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r54_an_address_lies_in_one_network_of_each_length() {
        let v4 = around("203.0.113.77".parse().unwrap());
        assert_eq!(v4.len(), 33);
        assert_eq!(v4[..3], ["203.0.113.77/32", "203.0.113.76/31", "203.0.113.76/30"]);
        assert_eq!(v4[8], "203.0.113.0/24");
        assert_eq!(v4[32], "0.0.0.0/0");
        let v6 = around("2001:db8::7".parse().unwrap());
        assert_eq!((v6.len(), &*v6[0], &*v6[96]), (129, "2001:db8::7/128", "2001:db8::/32"));
        assert_eq!(v6[128], "::/0");
        // The same machine, whichever way it is spelt.
        assert_eq!(around("::ffff:203.0.113.77".parse().unwrap()), v4);
    }
}
