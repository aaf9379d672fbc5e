//! What cannot be done, as it is answered.

use serde_json::{Value as Json, json};
use tollgate_http::{Bytes, HttpError, Response, StatusCode, header};

/// A refusal with its status.
#[derive(Debug)]
pub(super) struct Fault {
    status: StatusCode,
    code: &'static str,
    text: String,
    /// More that a program can read.
    detail: Option<(&'static str, Json)>,
}

impl Fault {
    pub(super) fn new(status: StatusCode, code: &'static str, text: impl ToString) -> Self {
        Self { status, code, text: text.to_string(), detail: None }
    }

    pub(super) fn with(mut self, name: &'static str, detail: Json) -> Self {
        self.detail = Some((name, detail));
        self
    }

    /// Parameters that cannot be read, or make no sense.
    pub(super) fn parameters(text: impl ToString) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Server.Parameters", text)
    }

    /// Nothing of that number or name.
    pub(super) fn unknown(text: impl ToString) -> Self {
        Self::new(StatusCode::NOT_FOUND, "Server.NotFound", text)
    }

    /// Not as things are.
    pub(super) fn conflict(code: &'static str, text: impl ToString) -> Self {
        Self::new(StatusCode::CONFLICT, code, text)
    }

    pub(super) fn answer(&self) -> Response<Bytes> {
        let mut body = json!({ "faultcode": self.code, "faultstring": self.text });
        if let (Some((name, detail)), Some(object)) = (&self.detail, body.as_object_mut()) {
            object.insert((*name).to_owned(), detail.clone());
        }
        answer(self.status, Bytes::from(body.to_string()))
    }
}

impl From<HttpError> for Fault {
    fn from(error: HttpError) -> Self {
        Self::new(error.status(), "Http.Malformed", error)
    }
}

/// An answer whose body is JSON.
pub(super) fn answer(status: StatusCode, body: Bytes) -> Response<Bytes> {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    answer
}
