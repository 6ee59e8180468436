//! What can be asked.

use async_graphql::{Context, ID, Object, Result};
use entity::id::{AccountId, OrganizationId, UserId};

use super::access::{Access, shown};
use super::account::Account;
use super::connection::{Connection, MAX_SIZE, window};
use super::context::context;
use super::id::Gid;
use super::invitation_preview::InvitationPreview;
use super::node::{self, Node};
use super::organization::Organization;
use super::role::{self, Permission, Role, RoleFilter};
use super::viewer::Viewer;
use crate::app;
use crate::app::access::Asked;
use crate::error::Error;

/// What can be asked.
pub struct Query;

/// What can be asked. Everything but `invitationByToken` takes a signed-in person.
#[Object]
impl Query {
    /// The signed-in person, and where they work.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Viewer> {
        Ok(Viewer(context(ctx)?.viewer().await?))
    }

    /// An organization that the viewer is a member of. NOT_FOUND for any other.
    async fn organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The organization's id, `org_…`.")] id: Gid<OrganizationId>,
    ) -> Result<Option<Organization>> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        Ok(Some(app::user::organization(&context.app, &viewer, id.0).await?.into()))
    }

    /// An account in which the viewer holds a role. NOT_FOUND for any other.
    async fn account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account's id, `acct_…`.")] id: Gid<AccountId>,
    ) -> Result<Option<Account>> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        Ok(Some(app::account::visible(&context.app, &viewer, id.0).await?.into()))
    }

    /// The catalogue's roles, in the catalogue's order. Those that an organization made for itself are
    /// its `customRoles`.
    async fn roles(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, at most 100; 50 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which roles.")] filter: Option<RoleFilter>,
    ) -> Result<Option<Connection<Role>>> {
        let context = context(ctx)?;
        context.viewer().await?;
        let window = window(ctx, first, after, last, before)?;
        Ok(Some(role::list(&context.app.roles, &filter.unwrap_or_default(), &window)?))
    }

    /// Everything that roles of this catalogue can permit.
    async fn permissions(&self, ctx: &Context<'_>) -> Result<Vec<Permission>> {
        let context = context(ctx)?;
        context.viewer().await?;
        Ok(context.app.roles.catalogue().permissions.iter().map(Permission::from).collect())
    }

    /// Whether a user may do something somewhere, and the chain that decides it. Everybody may ask
    /// about themselves; about others, those who manage the users of that scope.
    async fn access(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user's id, `user_…`.")] user_id: Gid<UserId>,
        #[graphql(desc = "The permission's key, `product.resource.action`.")] permission: String,
        #[graphql(desc = "The id of an organization, account or billing group.")] scope_id: Gid<
            Asked,
        >,
    ) -> Result<Option<Access>> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let answer =
            app::access::ask(&context.app, &viewer, user_id.0, &permission, scope_id.0).await?;
        Ok(Some(shown(ctx, answer)?))
    }

    /// What an invitation's link leads to; changes nothing. NOT_FOUND for a token that is not ours.
    async fn invitation_by_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token: the last part of the link.")] token: String,
    ) -> Result<Option<InvitationPreview>> {
        let context = context(ctx)?;
        // A token of a session that is over must not hide the invitation from its invitee.
        let viewer = context.viewer_if_any().await.unwrap_or_default();
        let preview = app::invitation_link::preview(&context.app, &token, viewer.as_deref())
            .await?
            .ok_or(Error::NotFound("invitation"))?;
        Ok(Some(InvitationPreview::of(preview, &context.app.roles)))
    }

    /// The object with this id; null if there is none that the viewer may see.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id.")] id: ID,
    ) -> Result<Option<Node>> {
        node::find(ctx, &id).await
    }

    /// The objects with these ids, in their order; null in the place of one that the viewer may not
    /// see. At most 100.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The ids.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        if ids.len() as u64 > MAX_SIZE {
            let message = format!("at most {MAX_SIZE} ids, got {}", ids.len());
            return Err(Error::BadInput { field: "ids", message }.into());
        }
        let mut nodes = Vec::with_capacity(ids.len());
        for id in &ids {
            nodes.push(node::find(ctx, id).await?);
        }
        Ok(nodes)
    }
}
