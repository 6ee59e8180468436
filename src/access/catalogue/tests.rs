use super::*;

fn role<'a>(catalogue: &'a Catalogue, key: &str) -> &'a RoleEntry {
    catalogue.roles.iter().find(|role| role.key == key).unwrap()
}

#[test]
fn both_shipped_catalogues_are_sound() {
    let organization = Catalogue::parse("organization", ORGANIZATION).unwrap();
    let team = Catalogue::parse("team", TEAM).unwrap();
    assert!(organization.ownership_transferable && !team.ownership_transferable);
    assert!(team.roles.iter().filter(|role| role.kind == Kind::General).all(|role| role.exclusive));
}

#[test]
fn who_hands_over_keeps_the_role_that_the_catalogue_names() {
    let organization = Catalogue::parse("organization", ORGANIZATION).unwrap();
    assert_eq!(organization.former_organization_owner.as_deref(), Some("organization_admin"));
    assert_eq!(organization.former_account_owner.as_deref(), Some("account_administrator"));
    // Where ownership never moves, there is no former Owner.
    let team = Catalogue::parse("team", TEAM).unwrap();
    assert_eq!((team.former_organization_owner, team.former_account_owner), (None, None));
    // Elsewhere, too, the keys may be left out: who hands over then keeps nothing.
    let without: Vec<&str> =
        ORGANIZATION.lines().filter(|line| !line.starts_with("former_")).collect();
    let without = Catalogue::parse("mine.toml", &without.join("\n")).unwrap();
    assert_eq!((without.former_organization_owner, without.former_account_owner), (None, None));
}

#[test]
fn an_account_owner_is_no_superset_of_support() {
    let catalogue = Catalogue::parse("organization", ORGANIZATION).unwrap();
    let owner = role(&catalogue, &catalogue.account_owner);
    let only_support: Vec<_> =
        role(&catalogue, "account_support").permissions.difference(&owner.permissions).collect();
    assert_eq!(only_support.len(), 1);
    assert!(only_support[0].as_str().starts_with("contact_center."), "{only_support:?}");
}

#[test]
fn every_role_that_fits_an_account_lets_its_holder_enter_it() {
    for text in [ORGANIZATION, TEAM] {
        for role in Catalogue::parse("shipped", text).unwrap().roles {
            let fits = matches!(role.kind, Kind::General | Kind::BuiltIn);
            assert!(!fits || role.permissions.contains(permission::ACCOUNT_ACCESS), "{}", role.key);
        }
    }
}

#[test]
fn what_is_wrong_is_told_with_file_and_line() {
    let cases = [
        ("kind = \"RESOURCE\"", "kind = \"SUPER\"", "unknown variant"),
        (
            "product_group = \"organization\"",
            "product_group = \"nowhere\"",
            "no product group nowhere",
        ),
        ("key = \"organization_admin\"", "key = \"organization_owner\"", "defined twice"),
        ("permissions = [\"*\"]", "permissions = [\"a.b.c\"]", "no permission a.b.c"),
        ("key = \"account.users.manage\"", "key = \"account.users\"", "product.resource.action"),
        (
            "former_organization_owner = \"organization_admin\"",
            "former_organization_owner = \"organization_owner\"",
            "must be of kind ORGANIZATION and no owner's",
        ),
        (
            "former_organization_owner = \"organization_admin\"",
            "former_organization_owner = \"account_support\"",
            "must be of kind ORGANIZATION and no owner's",
        ),
        (
            "former_account_owner = \"account_administrator\"",
            "former_account_owner = \"studio_admin\"",
            "must be of kind GENERAL and no owner's",
        ),
        (
            "former_account_owner = \"account_administrator\"",
            "former_account_owner = \"account_wizard\"",
            "there is no role account_wizard",
        ),
    ];
    for (good, bad, reason) in cases {
        let text = ORGANIZATION.replacen(good, bad, 1);
        assert_ne!(text, ORGANIZATION, "the file has no {good}");
        let error = Catalogue::parse("mine.toml", &text).unwrap_err();
        assert!(error.reason.contains(reason), "{error}");
        let line = text.lines().nth(error.line.unwrap() - 1).unwrap();
        assert!(line.contains(bad.rsplit('"').nth(1).unwrap()), "{error}: {line}");
    }
}
