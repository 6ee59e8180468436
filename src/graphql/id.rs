//! Ids in the API: the schema says `ID`, the server insists on the kind.

use std::borrow::Cow;

use async_graphql::registry::Registry;
use async_graphql::{ID, InputType, InputValueError, InputValueResult, Value};
use entity::id::{AccountId, BillingGroupId, IdError, KINDS, OrganizationId, TypedId, parse_any};

use crate::app::access::Asked;
use crate::app::grants::ScopeId;

/// An argument that is an id of one kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gid<T>(pub(super) T);

/// What an `ID` argument can be read as.
pub(super) trait FromId: Copy + Send + Sync {
    fn from_id(text: &str) -> Result<Self, IdError>;
    fn to_id(self) -> String;
}

impl<T: TypedId + Send + Sync> FromId for T {
    fn from_id(text: &str) -> Result<Self, IdError> {
        text.parse()
    }

    fn to_id(self) -> String {
        self.to_string()
    }
}

/// A scope is named by the id of an organization or of an account.
impl FromId for ScopeId {
    fn from_id(text: &str) -> Result<Self, IdError> {
        text.parse()
    }

    fn to_id(self) -> String {
        match self {
            Self::Organization(id) => id.to_string(),
            Self::Account(id) => id.to_string(),
        }
    }
}

/// What is asked about is named by the id of an organization, an account or a billing group.
impl FromId for Asked {
    fn from_id(text: &str) -> Result<Self, IdError> {
        match parse_any(text)? {
            (BillingGroupId::PREFIX, uuid) => Ok(Self::BillingGroup(BillingGroupId(uuid))),
            (OrganizationId::PREFIX | AccountId::PREFIX, _) => {
                ScopeId::from_id(text).map(Self::Scope)
            }
            (prefix, _) => {
                let got =
                    KINDS.iter().find(|kind| kind.0 == prefix).map_or("another", |kind| kind.1);
                Err(IdError(format!(
                    "expected an organization id (org_…), an account id (acct_…) or a billing group \
                     id (bgrp_…), got {got} id"
                )))
            }
        }
    }

    fn to_id(self) -> String {
        match self {
            Self::Scope(scope) => scope.to_id(),
            Self::BillingGroup(id) => id.to_string(),
        }
    }
}

impl<T: FromId> InputType for Gid<T> {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        <ID as InputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <ID as InputType>::create_type_info(registry)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let id = ID::parse(value).map_err(InputValueError::propagate)?;
        T::from_id(&id).map(Self).map_err(|IdError(message)| {
            InputValueError::custom(message).with_extension("code", "BAD_USER_INPUT")
        })
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_id())
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}
