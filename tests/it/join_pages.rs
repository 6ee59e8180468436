//! The pages of those who may join an organization because of the domain of their address: without a
//! script, and without a front end of the product's.

use entity::email_domain::JoinPolicy;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};

use crate::support::joining::{self, Domain, doors, told, verification, verified};
use crate::support::{Person, Server, both, plant};

/// A browser, as far as these pages need one: it keeps one cookie.
struct Browser {
    server: Server,
    cookie: Option<String>,
}

/// What a browser shows.
struct Page {
    status: u16,
    text: String,
    /// Where it is sent on to.
    location: Option<String>,
}

impl Browser {
    fn new(server: &Server) -> Self {
        Self { server: server.clone(), cookie: None }
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Page {
        let request = match &self.cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        };
        let response = request.header("sec-fetch-site", "same-origin").send().await.unwrap();
        let header = |name| response.headers().get(name).map(|it| it.to_str().unwrap().to_owned());
        if let Some(set) = header(SET_COOKIE) {
            self.cookie = set.split(';').next().map(str::to_owned);
        }
        let (status, location) = (response.status().as_u16(), header(LOCATION));
        Page { status, location, text: response.text().await.unwrap() }
    }

    async fn get(&mut self, path: &str) -> Page {
        let request = self.server.http.get(format!("{}{path}", self.server.url));
        self.send(request).await
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let request = self.server.http.post(format!("{}{path}", self.server.url)).form(fields);
        self.send(request).await
    }

    /// Sends a form, which leads to another page.
    async fn follow(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let sent = self.post(path, fields).await;
        assert_eq!(sent.status, 303, "{}", sent.text);
        self.get(&sent.location.unwrap()).await
    }

    async fn sign_in(&mut self, person: &Person) -> Page {
        let fields = [("email", person.email.as_str()), ("password", Person::PASSWORD)];
        self.follow("/join", &fields).await
    }
}

both!(
    /// From the link that proves the address to the organization, by a browser without scripts: nothing
    /// but names of what the policy shows is shown, and nothing is done by looking.
    from_the_proof_of_the_address_into_the_organization,
    |server: Server| async move {
        let ann = verified(&server, "Ann", "ann@acme.example").await;
        let role = Some(("account_developer", Some(ann.account.as_str())));
        Domain { role, ..Domain::new("acme.example", JoinPolicy::Automatic) }.of(&ann).await;
        let bob = server.sign_up("Bob", "bob@acme.example", "Bob's").await;
        let mut browser = Browser::new(&server);
        let link = format!("/verify-email/{}", verification(&bob).await);
        assert!(!browser.get(&link).await.text.contains("Ann&#39;s"), "not before it is proved");
        let proved = browser.post(&link, &[]).await;
        assert!(proved.text.contains("acme.example, which belongs to Ann&#39;s"), "{}", proved.text);
        assert!(proved.text.contains("href=\"/join\""), "{}", proved.text);

        let ask = browser.get("/join").await;
        assert_eq!(ask.status, 200);
        for part in ["name=\"email\"", "name=\"password\"", "Sign in"] {
            assert!(ask.text.contains(part), "{part} in {}", ask.text);
        }
        let wrong = [("email", "bob@acme.example"), ("password", "not the password")];
        let refused = browser.post("/join", &wrong).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text.contains("This is not the password of that address."), "{}", refused.text);
        assert!(refused.text.contains("value=\"bob@acme.example\""), "{}", refused.text);
        let welcome = browser.sign_in(&bob).await;
        let action = format!("action=\"/join/{}\"", ann.organization);
        assert!(welcome.text.contains(&action), "{}", welcome.text);
        assert!(welcome.text.contains("may join Ann&#39;s by themselves"), "{}", welcome.text);
        assert_eq!(doors(&bob).await, ["Ann's AUTOMATIC"], "looking changes nothing");
        assert_eq!(browser.get("/join").await.location.unwrap(), "/welcome");

        let joined = browser.follow(&format!("/join/{}", ann.organization), &[]).await;
        assert!(joined.text.contains("You are in the account Ann&#39;s Main of Ann&#39;s"), "{}", joined.text);
        assert!(!joined.text.contains("action="), "{}", joined.text);
        assert_eq!(told(&server).await, ["member_joined ann@acme.example"]);
        // Pressing the button twice is not a fault.
        let again = browser.post(&format!("/join/{}", ann.organization), &[]).await;
        assert_eq!(again.location.unwrap(), "/welcome");
    }
);

both!(
    /// Asking, and being told whom to ask.
    asking_on_the_welcome_page,
    |server: Server| async move {
        let ann = verified(&server, "Ann", "ann@acme.example").await;
        let domain = Domain::new("acme.example", JoinPolicy::Request).of(&ann).await;
        let bob = verified(&server, "Bob", "bob@acme.example").await;
        let mut browser = Browser::new(&server);
        let path = format!("/join/{}", ann.organization);
        for path in [&path, &format!("{path}/ask")] {
            let sent = browser.post(path, &[]).await;
            assert_eq!(sent.location.as_deref(), Some("/join"), "signed out");
        }
        let welcome = browser.sign_in(&bob).await;
        assert!(welcome.text.contains(&format!("action=\"{path}/ask\"")), "{}", welcome.text);
        let refused = browser.post(&path, &[]).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text.contains("Ask to join, or ask somebody there"), "{}", refused.text);
        assert!(refused.text.contains(&format!("action=\"{path}/ask\"")), "{}", refused.text);
        let asked = browser.follow(&format!("{path}/ask"), &[]).await;
        assert!(asked.text.contains("You asked to join Ann&#39;s on 2 March 2026"), "{}", asked.text);
        assert!(!asked.text.contains("action="), "{}", asked.text);
        assert_eq!(joining::requests(&ann, &ann.organization, serde_json::json!({})).await, ["Bob PENDING"]);
        let twice = browser.post(&format!("{path}/ask"), &[]).await;
        assert_eq!(twice.location.unwrap(), "/welcome");
        for path in ["/join/org_0", "/join/nothing/ask", &plant::unknown(&path)] {
            assert_eq!(browser.post(path, &[]).await.status, 404, "{path}");
        }

        let cy = verified(&server, "Cy", "cy@acme.example").await;
        joining::change(&server, &domain, "join_policy = 'CONTACT'").await;
        let welcome = Browser::new(&server).sign_in(&cy).await;
        assert!(welcome.text.contains("ask for an invitation: Ann &#60;ann@acme.example&#62;"), "{}", welcome.text);
        assert!(!welcome.text.contains("action="), "{}", welcome.text);
        // Where nobody is told of it, nothing is said.
        joining::change(&server, &domain, "join_policy = 'INVITATION'").await;
        let welcome = Browser::new(&server).sign_in(&cy).await;
        assert!(!welcome.text.contains("Ann"), "{}", welcome.text);
    }
);

both!(
    /// Another site's page cannot have its visitor join.
    another_site_cannot_have_one_join,
    |server: Server| async move {
        let ann = verified(&server, "Ann", "ann@acme.example").await;
        Domain::new("acme.example", JoinPolicy::Automatic).of(&ann).await;
        let bob = verified(&server, "Bob", "bob@acme.example").await;
        let mut browser = Browser::new(&server);
        browser.sign_in(&bob).await;
        for path in ["", "/ask"] {
            let url = format!("{}/join/{}{path}", server.url, ann.organization);
            let request = server.http.post(url).header(COOKIE, browser.cookie.clone().unwrap());
            let response = request.header("sec-fetch-site", "cross-site").send().await.unwrap();
            assert_eq!(response.status().as_u16(), 403);
        }
        assert_eq!(doors(&bob).await, ["Ann's AUTOMATIC"]);
    }
);
