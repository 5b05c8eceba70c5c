//! A real ingest that takes tokens of an issuer whose keys it fetches: rotation, and what strangers try.

use std::{convert::Infallible, time::Duration};

use anyhow::{Context, Result};
use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response};
use quittance_avro::time::Timestamp;
use quittance_service::{
    http::{HttpSettings, RequestBody, serve},
    shutdown::Shutdown,
};
use quittance_tests::{Answer, Client, EventStream, Installation, Options, Part};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::watch};

const ISSUER: &str = "https://issuer.example";
const DOWN: &str = "https://down.example";
const READY_WITHIN: Duration = Duration::from_secs(60);

/// Somebody with an ES256 key.
struct Signer {
    id: &'static str,
    key: EcdsaKeyPair,
}

impl Signer {
    fn new(id: &'static str) -> Result<Self> {
        Ok(Self { id, key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)? })
    }

    fn jwk(&self) -> Value {
        let point = self.key.public_key().as_ref();
        let (x, y) = (encoded(&point[1..33]), encoded(&point[33..]));
        json!({"kty": "EC", "crv": "P-256", "kid": self.id, "use": "sig", "alg": "ES256", "x": x, "y": y})
    }

    fn header(&self) -> Value {
        json!({"alg": "ES256", "kid": self.id})
    }

    fn sign(&self, header: &Value, payload: &str) -> Result<String> {
        let signed = format!("{}.{}", encoded(header.to_string()), encoded(payload));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes())?;
        Ok(format!("{signed}.{}", encoded(signature)))
    }

    fn token(&self, claims: &Value) -> Result<String> {
        self.sign(&self.header(), &claims.to_string())
    }
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn key_set(signers: &[&Signer]) -> String {
    json!({"keys": signers.iter().map(|signer| signer.jwk()).collect::<Vec<_>>()}).to_string()
}

/// Claims that are taken, with some of them changed, or left out by `null`.
fn claims(change: Value) -> Value {
    let now = Timestamp::now().as_ms() / 1_000;
    let mut claims = json!({
        "iss": ISSUER, "aud": "quittance", "sub": "somebody", "exp": now + 600, "nbf": now, "tenant": "acme",
        "roles": ["viewer"],
    });
    if let (Some(claims), Value::Object(change)) = (claims.as_object_mut(), change) {
        claims.extend(change);
        claims.retain(|_, value| !value.is_null());
    }
    claims
}

/// An ingest, and the issuer whose keys it fetches.
struct Place {
    installation: Installation,
    keys: watch::Sender<String>,
    _folder: TempDir,
}

impl Place {
    async fn start(name: &str, keys: String) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/jwks.json", listener.local_addr()?);
        let (keys, served) = watch::channel(keys);
        let service = tower::service_fn(move |_: Request<RequestBody>| {
            let body = Full::new(Bytes::from(served.borrow().clone()));
            async { Ok::<_, Infallible>(Response::new(body)) }
        });
        tokio::spawn(serve(listener, service, HttpSettings::default(), Shutdown::new()));
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("issuers.json");
        let issuers = json!([
            {"issuer": ISSUER, "audience": "quittance", "jwks_url": url, "tenants": ["acme"], "roles": ["viewer"],
             "modes": ["test"]},
            {"issuer": DOWN, "audience": "quittance", "jwks_file": "not-there.json", "tenants": "*", "roles": ["viewer"]},
        ]);
        std::fs::write(&file, issuers.to_string())?;
        let options = Options { variables: vec![("QUITTANCE_LOG", "info,quittance_ingest=debug".to_owned())] };
        let mut installation = Installation::prepare(name, options)?;
        let ingest = installation.process(Part::Ingest);
        ingest.set("QUITTANCE_JWT_ISSUERS_FILE", file.to_str().context("a path")?);
        ingest.start()?;
        ingest.ready(READY_WITHIN).await?;
        Ok(Self { installation, keys, _folder: folder })
    }

    /// What becomes of a request with these `Authorization` headers for a payment that is not there.
    async fn asked(&self, authorization: &[String]) -> Result<Answer> {
        let client = Client::anonymous(&self.installation.url(Part::Ingest, ""))?;
        let mut request = client.request(Method::GET, "/v1/payments/nonsense");
        for value in authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        client.send(request).await
    }

    async fn status(&self, token: &str) -> Result<StatusCode> {
        Ok(self.asked(&[format!("Bearer {token}")]).await?.status)
    }
}

/// What is not there is told only to whoever may know.
const TAKEN: StatusCode = StatusCode::NOT_FOUND;

#[tokio::test]
async fn an_issuer_rotates_its_keys_while_ingest_runs() -> Result<()> {
    let (first, second) = (Signer::new("first")?, Signer::new("second")?);
    let place = Place::start("rotation", key_set(&[&first])).await?;
    let (old, new) = (first.token(&claims(json!({})))?, second.token(&claims(json!({})))?);
    assert_eq!(place.status(&old).await?, TAKEN);
    let mut stream = EventStream::open(&place.installation.client_with(&old)?, "/v1/events", None).await?;
    place.keys.send_replace(key_set(&[&second]));
    assert_eq!(place.status(&old).await?, TAKEN, "it was verified before, with keys that are still current");
    assert_eq!(place.status(&new).await?, TAKEN);
    assert_eq!(
        place.status(&old).await?,
        StatusCode::UNAUTHORIZED,
        "its key is gone, and so is what was verified with it"
    );
    assert_eq!(stream.next().await?, None, "and who listens has to show a token again");
    Ok(())
}

#[tokio::test]
async fn an_issuer_that_was_never_reached_keeps_only_its_own_out() -> Result<()> {
    let signer = Signer::new("key")?;
    let place = Place::start("unreached", key_set(&[&signer])).await?;
    assert_eq!(place.status(&signer.token(&claims(json!({})))?).await?, TAKEN);
    let token = signer.token(&claims(json!({"iss": DOWN})))?;
    let answer = place.asked(&[format!("Bearer {token}")]).await?;
    assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "unavailable"));
    assert!(answer.headers.contains_key("retry-after"));
    // A token for development is another issuer's, and taken beside the others.
    assert_eq!(place.status(&place.installation.token("acme", &["viewer"])?).await?, TAKEN);
    Ok(())
}

/// Each with a name for who reads that it was taken.
fn attacks(signer: &Signer, attacker: &Signer) -> Result<Vec<(&'static str, String)>> {
    let good = signer.token(&claims(json!({})))?;
    let (signed, signature) = good.rsplit_once('.').context("a token")?;
    let (head, payload) = signed.split_once('.').context("a token")?;
    let with = |change: Value| signer.token(&claims(change));
    let header = |change: &Value| {
        let mut header = signer.header();
        if let (Some(header), Some(change)) = (header.as_object_mut(), change.as_object()) {
            header.extend(change.clone());
        }
        header
    };
    let forged = |change: Value| attacker.sign(&header(&change), &claims(json!({})).to_string());
    let confused = format!("{}.{payload}", encoded(header(&json!({"alg": "HS256"})).to_string()));
    let secret = hmac::Key::new(hmac::HMAC_SHA256, signer.key.public_key().as_ref());
    let tag = encoded(hmac::sign(&secret, confused.as_bytes()));
    let now = Timestamp::now().as_ms() / 1_000;
    let twice = claims(json!({})).to_string().replacen('{', r#"{"tenant":"globex","#, 1);
    Ok(vec![
        ("garbage", "garbage".to_owned()),
        ("no algorithm", format!("{}.{payload}.", encoded(r#"{"alg":"none"}"#))),
        ("no algorithm, signed", format!("{}.{payload}.{signature}", encoded(r#"{"alg":"None","kid":"key"}"#))),
        ("the public key as a secret", format!("{confused}.{tag}")),
        ("no signature", format!("{signed}.")),
        ("a signature of zeros", format!("{signed}.{}", encoded([0; 64]))),
        ("another payload", format!("{head}.{}.{signature}", encoded(claims(json!({"sub": "else"})).to_string()))),
        ("another header", format!("{}.{payload}.{signature}", encoded(header(&json!({"typ": "JWT"})).to_string()))),
        ("another's signature", forged(json!({}))?),
        ("a key in the token", forged(json!({"jwk": attacker.jwk()}))?),
        ("an address of keys", forged(json!({"jku": "https://attacker.example/jwks.json"}))?),
        ("a path for a key", forged(json!({"kid": "../../dev/null"}))?),
        ("an unknown key", forged(json!({"kid": "another"}))?),
        ("a critical extension", signer.sign(&header(&json!({"crit": ["x"]})), &claims(json!({})).to_string())?),
        ("a token inside", signer.sign(&header(&json!({"cty": "JWT"})), &claims(json!({})).to_string())?),
        ("another kind of token", signer.sign(&header(&json!({"typ": "logout+jwt"})), &claims(json!({})).to_string())?),
        ("a claim twice", signer.sign(&signer.header(), &twice)?),
        ("encryption", "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAA.AAAA.AAAA".to_owned()),
        ("huge", with(json!({"more": "x".repeat(8 * 1024)}))?),
        ("expired", with(json!({"exp": now - 60}))?),
        ("not yet", with(json!({"nbf": now + 90}))?),
        ("issued later", with(json!({"iat": now + 90}))?),
        ("no time", with(json!({"nbf": null}))?),
        ("another issuer", with(json!({"iss": "https://attacker.example"}))?),
        ("another audience", with(json!({"aud": "others"}))?),
        ("another's tenant", with(json!({"tenant": "globex"}))?),
        ("another role", with(json!({"roles": ["viewer", "admin"]}))?),
        ("another mode", with(json!({"mode": "live"}))?),
        ("padding", format!("{good}==")),
        ("a trailing dot", format!("{good}.")),
    ])
}

#[tokio::test]
async fn who_is_not_let_in_learns_nothing() -> Result<()> {
    let (signer, attacker) = (Signer::new("key")?, Signer::new("key")?);
    let place = Place::start("attacks", key_set(&[&signer])).await?;
    let good = signer.token(&claims(json!({})))?;
    let attacks = attacks(&signer, &attacker)?.into_iter().map(|(name, token)| (name, vec![format!("Bearer {token}")]));
    let two_headers = ("two headers", vec![format!("Bearer {good}"); 2]);
    let mut answers = Vec::new();
    for (name, authorization) in attacks.chain([two_headers]) {
        let mut answer = place.asked(&authorization).await?;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{name}");
        assert_eq!(answer.headers["www-authenticate"], r#"Bearer error="invalid_token""#, "{name}");
        // These tell of the request and not of the token.
        for name in ["date", "request-id"] {
            answer.headers.remove(name);
        }
        answers.push((name, answer.headers, answer.body));
    }
    for (name, headers, body) in &answers {
        assert_eq!((headers, body), (&answers[0].1, &answers[0].2), "{name} is answered otherwise");
    }
    let anonymous = place.asked(&[]).await?;
    assert_eq!((anonymous.status, &anonymous.body), (StatusCode::UNAUTHORIZED, &answers[0].2));
    assert_eq!(anonymous.headers["www-authenticate"], "Bearer");
    // All of this had no effect on who is let in; and of no token there is a trace in the log.
    assert_eq!(place.status(&good).await?, TAKEN);
    let (signature, log) = (good.rsplit('.').next().context("a signature")?, place.installation.log(Part::Ingest));
    assert!(log.contains("a token was refused") && !log.contains(signature));
    Ok(())
}
