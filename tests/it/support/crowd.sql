-- Fills PostgreSQL with {users} people and about {assignments} role assignments: three fifths of the people in
-- the organization {organization} with a tenth as many accounts as people, the others in small
-- organizations of a dozen. `adam` gets account number 2 there to administer, `bea` account number 1, in
-- which every fifth member has a role. In braces is what `crowd.rs` fills in. One transaction.
SET LOCAL synchronous_commit = off;
SET LOCAL work_mem = '64MB';
CREATE FUNCTION pg_temp.made(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT ('0195' || lpad(kind, 4, '0') || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$;
CREATE FUNCTION pg_temp.role(wanted text) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT id FROM roles WHERE key = wanted AND organization_id IS NULL $$;
CREATE TEMP TABLE built_in ON COMMIT DROP AS
    SELECT row_number() OVER (ORDER BY key) - 1 AS place, id FROM roles WHERE kind = 'BUILT_IN';

INSERT INTO users (id, name, name_key, email, email_key, locale, last_sign_in_at, created_at, updated_at)
SELECT pg_temp.made('1', n), name, lower(name), email, email, 'en',
    CASE WHEN n % 5 > 0 THEN now - (n * 7919 % 500000) * interval '1 minute' END, now, now
FROM (SELECT n, timestamptz '{now}' AS now,
        (ARRAY['Anna', 'Bela', 'Carla', 'Dora', 'Emil', 'Felix', 'Gerda', 'Hugo', 'Ines', 'Jonas', 'Klara',
            'Lena', 'Max', 'Nora', 'Olga', 'Paul', 'Rosa', 'Sven', 'Tina', 'Udo'])[1 + n * 7919 % 20]
        || ' ' || (ARRAY['Abel', 'Braun', 'Conrad', 'Dietz', 'Engel', 'Frank', 'Graf', 'Haas', 'Jung', 'Kern',
            'Lang', 'Maier', 'Nagel', 'Otto', 'Peters', 'Roth', 'Thoma', 'Ulrich', 'Vogt',
            'Weber'])[1 + n / 20 % 20] || ' ' || n AS name,
        'person.' || n || '@' || (ARRAY['corp', 'work', 'team', 'mail'])[1 + n % 4] || '.example' AS email
    FROM generate_series(1, {users}) n) people;

INSERT INTO organizations (id, name, name_key, created_at, updated_at)
SELECT pg_temp.made('2', n), 'Firm ' || n, 'firm ' || n, '{now}', '{now}'
FROM generate_series(1, {firms}) n;

INSERT INTO memberships (id, organization_id, user_id, status, created_at, updated_at)
SELECT pg_temp.made('3', n),
    CASE WHEN n <= {members} THEN '{organization}' ELSE pg_temp.made('2', 1 + n % {firms}) END,
    pg_temp.made('1', n), CASE WHEN n % 300 = 7 THEN 'SUSPENDED' ELSE 'ACTIVE' END, '{now}', '{now}'
FROM generate_series(1, {users}) n;
INSERT INTO memberships (id, organization_id, user_id, status, created_at, updated_at)
VALUES (pg_temp.made('30', 1), '{organization}', '{adam}', 'ACTIVE', '{now}', '{now}'),
    (pg_temp.made('30', 2), '{organization}', '{bea}', 'ACTIVE', '{now}', '{now}');

-- Of the organization's accounts one in twenty is a top-level one; the first has a tenth of all below it.
INSERT INTO accounts (id, organization_id, parent_id, top_level_id, name, name_key, status, created_at,
    updated_at)
SELECT pg_temp.made('4', n), '{organization}', CASE WHEN n > {tops} THEN
        pg_temp.made('4', CASE WHEN n % 10 = 0 THEN 1 ELSE 1 + n % {tops} END) END,
    CASE WHEN n <= {tops} THEN pg_temp.made('4', n) END, 'Branch ' || n, 'branch ' || n,
    CASE WHEN n > 2 AND n % 50 = 0 THEN 'CLOSED' ELSE 'ACTIVE' END, '{now}', '{now}'
FROM generate_series(1, {accounts}) n;
INSERT INTO accounts (id, organization_id, top_level_id, name, name_key, status, created_at, updated_at)
SELECT pg_temp.made('5', n), pg_temp.made('2', n), pg_temp.made('5', n), 'Office ' || n, 'office ' || n,
    'ACTIVE', '{now}', '{now}'
FROM generate_series(1, {firms}) n;

INSERT INTO role_assignments (id, organization_id, user_id, role_id, scope_id, account_id, owned_scope_id,
    valid_until, created_at)
SELECT made.id, organization_id, user_id, role_id, COALESCE(account_id, organization_id), account_id,
    CASE WHEN owner THEN COALESCE(account_id, organization_id) END, valid_until, '{now}'
FROM (
    -- Owners: of the organization's accounts, of the small organizations and their accounts.
    SELECT pg_temp.made('6', n) AS id, '{organization}'::uuid AS organization_id, '{owner}'::uuid AS user_id,
        (SELECT pg_temp.role('account_owner')) AS role_id, pg_temp.made('4', n) AS account_id, true AS owner,
        NULL::timestamptz AS valid_until
    FROM generate_series(1, {tops}) n
    UNION ALL
    SELECT pg_temp.made('61', n * 2 + kind), organization_id, user_id,
        CASE kind WHEN 0 THEN (SELECT pg_temp.role('organization_owner')) ELSE (SELECT pg_temp.role('account_owner')) END,
        CASE kind WHEN 1 THEN pg_temp.made('5', n) END, true, NULL
    FROM generate_series(1, {firms}) n, generate_series(0, 1) kind,
        LATERAL (SELECT m.organization_id, m.user_id FROM memberships m
            WHERE m.organization_id = pg_temp.made('2', n) ORDER BY m.user_id LIMIT 1) first
    UNION ALL
    -- Everybody has the default role.
    SELECT pg_temp.made('62', n), m.organization_id, m.user_id,
        (SELECT pg_temp.role('organization_standard_user')), NULL, false, NULL
    FROM generate_series(1, {users}) n JOIN memberships m ON m.id = pg_temp.made('3', n)
    UNION ALL
    -- Members of the small organizations work in its account.
    SELECT pg_temp.made('63', n), m.organization_id, m.user_id, (SELECT pg_temp.role('account_developer')),
        pg_temp.made('5', 1 + n % {firms}), false, NULL
    FROM generate_series({members} + 1, {users}) n JOIN memberships m ON m.id = pg_temp.made('3', n)
    UNION ALL
    -- Members of the large one work in one of its accounts, every fifth in the first.
    SELECT pg_temp.made('64', n), '{organization}', pg_temp.made('1', n),
        (SELECT pg_temp.role('account_developer')),
        pg_temp.made('4', CASE WHEN n % 5 = 0 THEN 1 ELSE 2 + n % ({tops} - 1) END), false, NULL
    FROM generate_series(1, {members}) n
    UNION ALL
    -- A rare role, and those who administer accounts.
    SELECT pg_temp.made('65', n), '{organization}', pg_temp.made('1', n * 97),
        (SELECT pg_temp.role('organization_billing_admin')), NULL, false, NULL
    FROM generate_series(1, 10) n
    UNION ALL
    SELECT pg_temp.made('66', 1), '{organization}', '{adam}'::uuid, (SELECT pg_temp.role('account_administrator')),
        pg_temp.made('4', 2), false, NULL
    UNION ALL
    SELECT pg_temp.made('66', 2), '{organization}', '{bea}'::uuid, (SELECT pg_temp.role('account_administrator')),
        pg_temp.made('4', 1), false, NULL
    UNION ALL
    -- The others are products' roles in all kinds of accounts; one in fifty of the first is over, another
    -- one has an end.
    SELECT pg_temp.made('67', (n - 1) * 100 + k), '{organization}', pg_temp.made('1', n),
        built_in.id, pg_temp.made('4', 1 + (n * 31 + k * 1009) % {accounts}), false,
        CASE WHEN k = 1 AND n % 50 = 0 THEN timestamptz '{now}' - interval '1 day'
            WHEN k = 1 AND n % 50 = 1 THEN timestamptz '{now}' + interval '90 days' END
    FROM generate_series(1, {members}) n CROSS JOIN generate_series(1, {products}) k
    JOIN built_in ON built_in.place = (n * 7 + k) % (SELECT COUNT(*) FROM built_in)
) made
ON CONFLICT DO NOTHING;

-- Invitations to the organization: most of them accepted, some pending, more that nobody settled.
INSERT INTO invitations (id, organization_id, email, email_key, locale, status, token_hash, lifetime_hours,
    expires_at, invited_by, sent_at, resend_day, created_at, updated_at)
SELECT pg_temp.made('7', n), '{organization}', email, email, 'en',
    CASE WHEN age < 200 THEN 'PENDING' WHEN n % 20 < 14 THEN 'ACCEPTED' WHEN n % 20 = 14 THEN 'DECLINED'
        WHEN n % 20 = 15 THEN 'REVOKED' WHEN n % 20 = 16 THEN 'PENDING' ELSE 'EXPIRED' END,
    decode(md5('invitation ' || n), 'hex'), 168, made_at + interval '7 days',
    CASE WHEN n % 40 = 0 THEN '{adam}' ELSE '{owner}' END::uuid, made_at, made_at, made_at, made_at
FROM (SELECT n, {invitations} - n AS age, 'guest.' || n || '@guests.example' AS email,
        timestamptz '{now}' - ({invitations} - n) * interval '30 minutes' AS made_at
    FROM generate_series(1, {invitations}) n) guests;
INSERT INTO invitation_grants (id, invitation_id, organization_id, position, role_id, account_id)
SELECT pg_temp.made('8', n), pg_temp.made('7', n), '{organization}', 0,
    (SELECT pg_temp.role('account_developer')), pg_temp.made('4', 1 + n % {tops})
FROM generate_series(1, {invitations}) n;

-- What was done: of the organization's events one in twenty is Adam's, few are of a rare kind or about the one
-- person; every fourth event is somebody's own affair, of these one in ten is the owner's.
INSERT INTO audit_events (id, organization_id, actor_id, action, target, after, network_address, request_id,
    created_at)
SELECT pg_temp.made('9', n),
    CASE WHEN n % 4 > 0 THEN '{organization}'::uuid END,
    CASE WHEN n % 4 > 0 THEN CASE WHEN n % 20 = 1 THEN '{adam}'::uuid ELSE '{owner}' END
        WHEN n % 40 = 0 THEN '{owner}' WHEN n % 40 > 4 THEN pg_temp.made('1', 1 + n % {users}) END,
    CASE WHEN n % 4 = 0 THEN 'session.started' WHEN n % 1000 = 1 THEN 'organization.updated'
        WHEN n % 10 = 2 THEN 'invitation.created' ELSE 'role_assignment.created' END,
    CASE WHEN n % 500 = 3 THEN '{person}' ELSE 'user_' || n % {users} END, '{}', '203.0.113.7', 'request-' || n,
    timestamptz '{now}' - ({events} - n) * interval '10 minutes'
FROM generate_series(1, {events}) n;
