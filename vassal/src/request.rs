//! One request, whatever protocol it came by.
//!
//! Positions in the buffer that was read, not copies: the application runs on the thread that
//! read the request, while the buffer stands still. A `Request` is reused between requests of a
//! thread, so that parsing allocates nothing once it is warm.

/// A piece of the head: of the buffer that was read, or of the request's own scratch space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    start: u32,
    length: u32,
    scratch: bool,
}

impl Span {
    /// A piece of the buffer.
    pub fn of(start: usize, end: usize) -> Self {
        Self { start: start as u32, length: (end - start) as u32, scratch: false }
    }

    /// A piece of this piece.
    #[must_use]
    pub fn within(self, start: usize, end: usize) -> Self {
        debug_assert!(start <= end && end <= self.len());
        Self { start: self.start + start as u32, length: (end - start) as u32, ..self }
    }

    /// Both, where `next` follows this one at once.
    #[must_use]
    pub fn through(self, next: Self) -> Self {
        debug_assert!(self.scratch == next.scratch && self.start + self.length == next.start);
        Self { length: self.length + next.length, ..self }
    }

    /// Whether it lies in the request's scratch space.
    pub fn is_kept(self) -> bool {
        self.scratch
    }

    /// Bytes in it.
    pub fn len(self) -> usize {
        self.length as usize
    }

    /// The same without its first bytes.
    #[must_use]
    pub fn without(self, first: usize) -> Self {
        let cut = (first as u32).min(self.length);
        Self { start: self.start + cut, length: self.length - cut, ..self }
    }

    /// Whether it has no bytes.
    pub fn is_empty(self) -> bool {
        self.length == 0
    }
}

/// A header field (HTTP) or a variable (uwsgi protocol).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name as it came.
    pub name: Span,
    /// The value, without surrounding white space.
    pub value: Span,
}

/// HTTP versions that are spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    #[default]
    Http11,
}

/// How long the body is said to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Length {
    /// No body.
    #[default]
    None,
    /// That many bytes.
    Known(u64),
    /// Chunked transfer coding.
    Chunked,
    /// Nobody said: as many as FastCGI's stream holds.
    Stream,
}

/// The head of a request.
#[derive(Debug, Default)]
pub struct Request {
    /// `GET`.
    pub method: Span,
    /// The target as it came, for `REQUEST_URI`.
    pub target: Span,
    /// The path, percent-decoded, for `PATH_INFO`.
    pub path: Span,
    /// What followed the question mark.
    pub query: Span,
    /// The authority of an absolute-form target; it stands above the Host field (RFC 9112 3.2.2).
    pub authority: Option<Span>,
    /// The client's version.
    pub version: Version,
    /// Fields in the order they came; repeated ones joined.
    pub fields: Vec<Field>,
    /// Variables that rules of the configuration set, by their CGI names; they stand above all.
    pub variables: Vec<Field>,
    /// The body's length.
    pub length: Length,
    /// Whether the client lets the connection stay.
    pub keep_alive: bool,
    /// Whether the client waits for `100 Continue`.
    pub expects_continue: bool,
    /// Whether a variable would choose what code is loaded, which no request may.
    pub steers: bool,
    /// FastCGI's number of the request; 1 for a request of SCGI; 0 elsewhere, and as long as
    /// the client has not shown that it speaks the protocol of the socket.
    pub stream: u16,
    scratch: Vec<u8>,
}

impl Request {
    /// Forgets the last request, keeping the memory.
    pub fn clear(&mut self) {
        let fields = std::mem::take(&mut self.fields);
        let variables = std::mem::take(&mut self.variables);
        let scratch = std::mem::take(&mut self.scratch);
        *self = Self { fields, variables, scratch, ..Self::default() };
        self.fields.clear();
        self.variables.clear();
        self.scratch.clear();
    }

    /// The bytes of a span; `head` is the buffer that was parsed.
    pub fn bytes<'a>(&'a self, head: &'a [u8], span: Span) -> &'a [u8] {
        let source = if span.scratch { &self.scratch } else { head };
        &source[span.start as usize..(span.start + span.length) as usize]
    }

    /// Puts bytes into the scratch space.
    pub fn keep(&mut self, bytes: impl IntoIterator<Item = u8>) -> Span {
        let start = self.scratch.len();
        self.scratch.extend(bytes);
        Span { start: start as u32, length: (self.scratch.len() - start) as u32, scratch: true }
    }

    /// Puts `first`, `glue` and `second` into the scratch space, one after the other.
    pub fn join(&mut self, head: &[u8], first: Span, glue: &[u8], second: Span) -> Span {
        let mut both = Vec::with_capacity(first.len() + glue.len() + second.len());
        both.extend_from_slice(self.bytes(head, first));
        both.extend_from_slice(glue);
        both.extend_from_slice(self.bytes(head, second));
        self.keep(both)
    }

    /// Sets a variable by its CGI name.
    pub fn set(&mut self, name: &[u8], value: &[u8]) {
        let value = self.keep(value.iter().copied());
        match name {
            b"REQUEST_METHOD" => self.method = value,
            b"REQUEST_URI" => self.target = value,
            b"PATH_INFO" => self.path = value,
            b"QUERY_STRING" => self.query = value,
            _ => {}
        }
        // the names are in the scratch space, whatever the head was
        let twin = self.variables.iter().position(|one| self.bytes(&[], one.name) == name);
        if let Some(twin) = twin {
            self.variables[twin].value = value;
        } else {
            let name = self.keep(name.iter().copied());
            self.variables.push(Field { name, value });
        }
    }

    /// Whether the answer has no body whatever its head says.
    pub fn head_only(&self, head: &[u8]) -> bool {
        self.bytes(head, self.method) == b"HEAD"
    }
}
