//! A real identity provider on loopback: discovery document, keys and token endpoint of the shape that GitHub Actions has. It can play the villain.

use aws_lc_rs::encoding::AsDer as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use guard_core::system::clock::Timestamp;
use guard_core::system::environment::Environment;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Map, Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What the job shows to get a token.
pub(crate) const REQUEST_TOKEN: &str = "request-secret-of-this-job";

/// A key pair that signs tokens.
pub(crate) struct SigningKey {
    pub(crate) id: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) key: EncodingKey,
    pub(crate) published: Option<Value>,
}

impl SigningKey {
    pub(crate) fn new(id: &str, algorithm: Algorithm) -> Self {
        use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
        let random = aws_lc_rs::rand::SystemRandom::new();
        let key = match algorithm {
            Algorithm::ES256 => {
                let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
                EncodingKey::from_ec_der(pair.as_ref())
            }
            Algorithm::EdDSA => {
                use aws_lc_rs::signature::KeyPair as _;
                let document = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
                let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
                let x = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, pair.public_key());
                let key = EncodingKey::from_ed_der(document.as_ref());
                // RFC 8037, section 2. `Jwk::from_encoding_key` takes no Ed25519 key of this library (jsonwebtoken 11.1).
                let published = json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": x });
                return SigningKey { id: id.to_owned(), algorithm, key, published: Some(published) };
            }
            _ => {
                let pair = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
                // RFC 5208 around RFC 8017: the envelope of a 2048-bit key is 26 bytes long.
                EncodingKey::from_rsa_der(&pair.as_der().unwrap().as_ref()[26..])
            }
        };
        SigningKey { id: id.to_owned(), algorithm, key, published: None }
    }

    pub(crate) fn published(&self) -> Value {
        let of_library = || serde_json::to_value(Jwk::from_encoding_key(&self.key, self.algorithm).unwrap()).unwrap();
        let mut key = self.published.clone().unwrap_or_else(of_library);
        key["kid"] = json!(self.id);
        key["use"] = json!("sig");
        key
    }

    pub(crate) fn header(&self) -> Value {
        json!({ "typ": "JWT", "alg": format!("{:?}", self.algorithm), "kid": self.id })
    }

    /// A token with this very header, whatever it says.
    pub(crate) fn sign(&self, header: &Value, claims: &Map<String, Value>) -> String {
        let message = message(header, claims);
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &self.key, self.algorithm).unwrap();
        format!("{message}.{signature}")
    }
}

pub(crate) fn message(header: &Value, claims: &Map<String, Value>) -> String {
    let encode = |text: String| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}", encode(header.to_string()), encode(Value::Object(claims.clone()).to_string()))
}

/// Makes a token of honest claims.
type Forge = Box<dyn Fn(&SigningKey, Map<String, Value>) -> String + Send>;
/// Answers a path otherwise than honestly.
type Answer = Box<dyn Fn(&str, &mut TcpStream) -> bool + Send>;

pub(crate) struct Behaviour {
    pub(crate) published: Vec<Value>,
    pub(crate) discovery: Value,
    pub(crate) forge: Forge,
    pub(crate) answer: Answer,
    pub(crate) asked: Vec<String>,
}

pub(crate) struct Issuer {
    pub(crate) url: String,
    pub(crate) behaviour: Arc<Mutex<Behaviour>>,
}

/// The claims of a job as GitHub's reference page lists them.
fn honest(issuer: &str, audience: &str) -> Map<String, Value> {
    let now = Timestamp::now().0;
    let claims = json!({
        "iss": issuer, "aud": audience, "iat": now, "nbf": now, "exp": now + 300, "jti": "one",
        "sub": "repo:acme/shop:environment:production", "repository": "acme/shop", "repository_id": "123456",
        "ref": "refs/heads/main", "sha": "1111111111111111111111111111111111111111", "environment": "production",
        "event_name": "push", "run_id": "77", "run_attempt": "2", "actor": "ada", "ref_protected": "true",
    });
    claims.as_object().unwrap().clone()
}

impl Issuer {
    /// Starts an honest one.
    pub(crate) fn start(algorithm: Algorithm) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let key = SigningKey::new("key-1", algorithm);
        let behaviour = Arc::new(Mutex::new(Behaviour {
            published: vec![key.published()],
            discovery: json!({ "issuer": url, "jwks_uri": format!("{url}/jwks") }),
            forge: Box::new(|key, claims| key.sign(&key.header(), &claims)),
            answer: Box::new(|_, _| false),
            asked: Vec::new(),
        }));
        let (shared, issuer) = (Arc::clone(&behaviour), url.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream, &issuer, &key, &shared);
            }
        });
        Issuer { url, behaviour }
    }

    /// Honest but for the claims.
    pub(crate) fn with_claims(self, change: impl Fn(&mut Map<String, Value>) + Send + 'static) -> Self {
        self.with_forge(move |key, mut claims| {
            change(&mut claims);
            key.sign(&key.header(), &claims)
        })
    }

    pub(crate) fn with_forge(self, forge: impl Fn(&SigningKey, Map<String, Value>) -> String + Send + 'static) -> Self {
        self.behaviour.lock().unwrap().forge = Box::new(forge);
        self
    }

    pub(crate) fn with_answer(self, answer: impl Fn(&str, &mut TcpStream) -> bool + Send + 'static) -> Self {
        self.behaviour.lock().unwrap().answer = Box::new(answer);
        self
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.behaviour.lock().unwrap().asked.clone()
    }

    /// The variables of a job with `id-token: write`.
    pub(crate) fn job(&self) -> Environment {
        [
            ("CI".to_owned(), "true".to_owned()),
            ("GITHUB_ACTIONS".to_owned(), "true".to_owned()),
            ("ACTIONS_ID_TOKEN_REQUEST_URL".to_owned(), format!("{}/token?api-version=2.0", self.url)),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN".to_owned(), REQUEST_TOKEN.to_owned()),
        ]
        .into_iter()
        .collect()
    }
}

fn serve(mut stream: TcpStream, issuer: &str, key: &SigningKey, shared: &Mutex<Behaviour>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    if reader.read_line(&mut line).is_err() {
        return;
    }
    let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut allowed = false;
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header).unwrap_or(0) <= 2 {
            break;
        }
        allowed |= header.trim().eq_ignore_ascii_case(&format!("authorization: bearer {REQUEST_TOKEN}"));
    }
    let mut behaviour = shared.lock().unwrap();
    behaviour.asked.push(target.clone());
    if (behaviour.answer)(&target, &mut stream) {
        return;
    }
    let url = url::Url::parse(issuer).unwrap().join(&target).unwrap();
    let answer = match url.path() {
        "/.well-known/openid-configuration" => Some(behaviour.discovery.clone()),
        "/jwks" => Some(json!({ "keys": behaviour.published })),
        "/token" if allowed => {
            let audience = url.query_pairs().find(|(name, _)| name == "audience").unwrap().1.into_owned();
            Some(json!({ "value": (behaviour.forge)(key, honest(issuer, &audience)) }))
        }
        _ => None,
    };
    match answer {
        Some(answer) => respond(&mut stream, "200 OK", "", &answer.to_string()),
        None => respond(&mut stream, "401 Unauthorized", "", "{}"),
    }
}

pub(crate) fn respond(stream: &mut TcpStream, status: &str, headers: &str, body: &str) {
    let length = body.len();
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    );
}
