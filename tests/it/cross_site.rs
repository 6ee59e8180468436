//! What a page of some other site can have its visitor's browser do: nothing, unless the operator says
//! otherwise.

use reqwest::Method;
use serde_json::json;

use crate::endpoint::{GRAPHQL, call, creating};
use crate::support::rows::counts;
use crate::support::{Answer, Options, Server, both};

both!(
    /// What a page of another site can make a browser send is not executed.
    r72_a_form_executes_nothing,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let before = counts(&server.app.db).await;
        let body = creating(&ann).to_string();
        for content_type in
            ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "*/*"]
        {
            let request = call(&server, Method::POST, "/graphql").bearer_auth(&ann.access_token);
            let request = request.header("content-type", content_type).body(body.clone());
            let refused = Answer::read(request.send().await.unwrap()).await;
            assert_eq!((refused.status, refused.error()), (415, "BAD_USER_INPUT"), "{content_type}");
        }
        let request = call(&server, Method::POST, "/graphql").bearer_auth(&ann.access_token);
        assert_eq!(request.body(body.clone()).send().await.unwrap().status(), 415, "unsaid");
        assert_eq!(counts(&server.app.db).await, before);

        let sent = call(&server, Method::POST, "/graphql").bearer_auth(&ann.access_token);
        let sent = sent.header("content-type", "application/json; charset=UTF-8").body(body);
        Answer::read(sent.send().await.unwrap()).await.done("createAccount");
    }
);

both!(
    /// By GET there are queries, for whoever shows that it is not a link on some page.
    r72_a_get_asks_and_changes_nothing,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let before = counts(&server.app.db).await;
        let query = "query=query($ok:Boolean!)%7Bviewer%7Buser%7Bname%20id@include(if:$ok)%7D%7D%7D&variables=%7B%22ok%22:false%7D";
        let get = |parameters: &str| {
            let request = call(&server, Method::GET, &format!("/graphql?{parameters}"));
            request.bearer_auth(&ann.access_token)
        };
        let answer = Answer::read(get(query).header("accept", GRAPHQL).send().await.unwrap()).await;
        assert_eq!(*answer.at("/viewer/user"), json!({ "name": "Ann" }));

        let sign_out = "query=mutation%7BsignOut%7BuserErrors%7Bcode%7D%7D%7D";
        let both = "query=query%20Q%7B__typename%7Dmutation%20M%7BsignOut%7BuserErrors%7Bcode%7D%7D%7D";
        for mutation in [sign_out, &format!("{both}&operationName=M")] {
            let refused = get(mutation).header("accept", GRAPHQL).send().await.unwrap();
            assert_eq!(refused.headers()["allow"], "POST");
            let refused = Answer::read(refused).await;
            assert_eq!((refused.status, refused.error()), (405, "BAD_USER_INPUT"), "{mutation}");
        }
        let asked = get(&format!("{both}&operationName=Q")).header("accept", GRAPHQL);
        assert_eq!(Answer::read(asked.send().await.unwrap()).await.text("/__typename"), "Query");

        let link = call(&server, Method::GET, "/graphql?query=%7B__typename%7D");
        let link = link.header("accept", "text/html,*/*;q=0.8").send().await.unwrap();
        assert_eq!(link.status(), 400);
        for method in [Method::PUT, Method::DELETE, Method::PATCH] {
            let refused = call(&server, method, "/graphql").send().await.unwrap();
            assert_eq!((refused.status().as_u16(), &refused.headers()["allow"]), (405, &"GET, POST".parse().unwrap()));
        }
        assert_eq!(counts(&server.app.db).await, before);
        assert_eq!(ann.ask("Viewer", json!({})).await.text("/viewer/user/id"), ann.id);
    }
);

both!(
    /// Without `CORS_ORIGINS` no page of another origin gets to read an answer.
    pages_of_unknown_origins_are_told_nothing,
    |server: Server| async move {
        for origin in ["https://app.acme.example", "null", "http://127.0.0.1"] {
            assert_eq!(allowed_origin(&server, origin).await, (None, None));
        }
    }
);

both!(
    /// The configured origins may, each spelled out; those that look alike may not.
    pages_of_configured_origins_may_use_the_api,
    Options {
        config: Some(|config| {
            config.cors_origins =
                vec!["https://app.acme.example".to_owned(), "http://localhost:3000".to_owned()];
        }),
        ..Options::default()
    },
    |server: Server| async move {
        for origin in ["https://app.acme.example", "http://localhost:3000"] {
            let origin = Some(origin.to_owned());
            let allowed = allowed_origin(&server, origin.as_deref().unwrap()).await;
            assert_eq!(allowed, (origin.clone(), origin));
        }
        for origin in [
            "http://app.acme.example",
            "https://app.acme.example.evil.example",
            "https://app.acme.example:444",
            "https://APP.acme.example",
            "null",
        ] {
            assert_eq!(allowed_origin(&server, origin).await, (None, None), "{origin}");
        }
    }
);

/// Whom a preflight and the request after it allow to read the answer.
async fn allowed_origin(server: &Server, origin: &str) -> (Option<String>, Option<String>) {
    let allowed = |answer: &reqwest::Response| {
        assert!(answer.headers().get("access-control-allow-credentials").is_none());
        let allowed = answer.headers().get("access-control-allow-origin");
        allowed.map(|origin| origin.to_str().unwrap().to_owned())
    };
    let asked = "authorization,content-type,rolecall-account,idempotency-key,x-request-id";
    let preflight = call(server, Method::OPTIONS, "/graphql").header("origin", origin);
    let preflight = preflight.header("access-control-request-method", "POST");
    let preflight = preflight.header("access-control-request-headers", asked).send().await.unwrap();
    let preflighted = allowed(&preflight);
    if preflighted.is_some() {
        let header = |name: &str| preflight.headers()[name].to_str().unwrap().to_lowercase();
        let headers = header("access-control-allow-headers");
        assert!(asked.split(',').all(|name| headers.contains(name)), "{headers}");
        assert!(header("access-control-allow-methods").contains("post"));
        assert!(header("vary").contains("origin"));
    }
    let body = json!({ "query": "{ __typename }" });
    let answer = call(server, Method::POST, "/graphql").header("origin", origin).json(&body);
    (preflighted, allowed(&answer.send().await.unwrap()))
}
