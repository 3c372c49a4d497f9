//! Why a request got no response: the error for the component, and the text for the log.

use std::error::Error as StdError;
use std::fmt;
use std::io::{self, ErrorKind};

use rustls::CertificateError;
use wasmtime_wasi_http::Error as WasiError;

/// Why a request got no response. It contains no address and no text of a server, a proxy or a
/// library, because any of these may contain a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The resolver does not know the server's name.
    Dns,
    /// No server listens on the port.
    Refused,
    /// There is no route to the server.
    Unreachable,
    /// Opening the connection, including TLS and a proxy's tunnel, took too long.
    ConnectTimeout,
    /// No connection could be opened, for another reason.
    NoConnection,
    /// No trusted authority has signed the server's certificate.
    UnknownAuthority,
    /// The server's certificate is for another name.
    OtherName,
    /// The server's certificate has expired or is not valid yet.
    CertificateTime,
    /// The server's certificate is not valid, for another reason.
    Certificate,
    /// The handshake failed.
    Tls,
    /// There are no trusted authorities.
    NoAuthorities,
    /// The proxy wants other credentials.
    ProxyCredentials,
    /// The proxy opens no tunnel to the server.
    ProxyRefused,
    /// The proxy could not be reached.
    NoProxy,
    /// The response did not begin in time.
    AnswerTimeout,
    /// The connection ended before there was a response.
    Broken,
    /// The server sent something that is not HTTP.
    NotHttp,
    /// The server sent too much that is not the answer: informational responses, headers, or
    /// control frames of HTTP/2.
    TooMuchBeforeAnswer,
    /// The server's address is not public, and the tenant may only reach public ones.
    NotPublic,
    /// The call was stopped before the request was given to a connection.
    Stopped,
}

impl Failure {
    /// Returns a fixed text for the log.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Failure::Dns => "the server's name could not be resolved (DNS)",
            Failure::Refused => "the connection was refused",
            Failure::Unreachable => "the server is unreachable",
            Failure::ConnectTimeout => "the connection timed out",
            Failure::NoConnection => "no connection could be made",
            Failure::UnknownAuthority => {
                "TLS failed: the certificate's authority is not trusted by this machine; if it \
                 is your own, give its certificate"
            }
            Failure::OtherName => "TLS failed: the certificate is not of this server",
            Failure::CertificateTime => {
                "TLS failed: the certificate has expired or is not valid yet, or this machine's \
                 clock is wrong"
            }
            Failure::Certificate => "TLS failed: the certificate is not valid",
            Failure::Tls => {
                "TLS failed: the server does not speak TLS, or no version of it that is in use"
            }
            Failure::NoAuthorities => {
                "TLS failed: this machine trusts no certificate authorities; install them (the \
                 package is usually called ca-certificates), or give a file with some"
            }
            Failure::ProxyCredentials => "the proxy wants other credentials",
            Failure::ProxyRefused => "the proxy opened no tunnel to the server",
            Failure::NoProxy => "the proxy could not be reached",
            Failure::AnswerTimeout => "no answer came in time",
            Failure::Broken => "the connection broke",
            Failure::NotHttp => "the answer is not HTTP",
            Failure::TooMuchBeforeAnswer => {
                "the server sent too much before its answer: informational responses, headers or \
                 control frames"
            }
            Failure::NotPublic => {
                "the server's address is not public, and this tenant may only reach public \
                 addresses"
            }
            Failure::Stopped => "the call was stopped before the request was sent",
        }
    }

    /// Converts an error from opening a connection: an error of the resolver or of the system, or
    /// a `Failure` that is one of its causes.
    pub(super) fn connecting(error: &(dyn StdError + 'static)) -> Failure {
        for cause in causes(error) {
            if let Some(failure) = cause.downcast_ref::<Failure>() {
                return *failure;
            }
            if let Some(error) = cause.downcast_ref::<io::Error>() {
                return Failure::dialing(error);
            }
        }
        Failure::NoConnection
    }

    fn dialing(error: &io::Error) -> Failure {
        match error.kind() {
            ErrorKind::ConnectionRefused => Failure::Refused,
            ErrorKind::TimedOut => Failure::ConnectTimeout,
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Failure::Unreachable,
            _ => Failure::NoConnection,
        }
    }

    /// Converts an error of a TLS handshake.
    pub(super) fn shaking_hands(error: &io::Error) -> Failure {
        let inner = error.get_ref();
        if let Some(failure) = inner.and_then(|inner| inner.downcast_ref::<Failure>()) {
            return *failure;
        }
        let tls = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>());
        let Some(rustls::Error::InvalidCertificate(reason)) = tls else {
            return Failure::Tls;
        };
        match reason {
            // `BadSignature`: the signer has the name of a trusted authority, but another key.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                Failure::UnknownAuthority
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Failure::OtherName
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Failure::CertificateTime,
            _ => Failure::Certificate,
        }
    }

    /// Converts an error of the HTTP client.
    pub(super) fn sending(error: &hyper_util::client::legacy::Error) -> Failure {
        if error.is_connect() {
            return Failure::connecting(error);
        }
        let http = causes(error).find_map(|cause| cause.downcast_ref::<hyper::Error>());
        match http {
            Some(error) if error.is_parse_too_large() => Failure::TooMuchBeforeAnswer,
            Some(error) if error.is_parse() => Failure::NotHttp,
            _ => Failure::Broken,
        }
    }
}

/// Lists the error and its causes, outermost first.
fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

/// The error for the component: the closest code that `wasi:http` has.
impl From<Failure> for WasiError {
    fn from(failure: Failure) -> WasiError {
        match failure {
            Failure::Dns => WasiError::DnsError { rcode: None, info_code: None },
            Failure::Refused => WasiError::ConnectionRefused,
            Failure::Unreachable => WasiError::DestinationIpUnroutable,
            Failure::ConnectTimeout => WasiError::ConnectionTimeout,
            Failure::NoConnection
            | Failure::NoProxy
            | Failure::ProxyCredentials
            | Failure::ProxyRefused => WasiError::DestinationUnavailable,
            Failure::UnknownAuthority
            | Failure::OtherName
            | Failure::CertificateTime
            | Failure::Certificate => WasiError::TlsCertificateError,
            Failure::Tls => WasiError::TlsProtocolError,
            Failure::NoAuthorities => WasiError::ConfigurationError,
            Failure::AnswerTimeout => WasiError::HttpResponseTimeout,
            Failure::Broken => WasiError::ConnectionTerminated,
            Failure::NotHttp | Failure::TooMuchBeforeAnswer => WasiError::HttpProtocolError,
            Failure::NotPublic => WasiError::DestinationIpProhibited,
            // The component ends its work when it gets this code, which nothing else has here.
            Failure::Stopped => WasiError::LoopDetected,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

impl StdError for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialed(kind: ErrorKind) -> Failure {
        Failure::connecting(&io::Error::from(kind))
    }

    #[test]
    fn connection_errors_are_distinguished() {
        assert_eq!(dialed(ErrorKind::ConnectionRefused), Failure::Refused);
        assert_eq!(dialed(ErrorKind::TimedOut), Failure::ConnectTimeout);
        assert_eq!(dialed(ErrorKind::NetworkUnreachable), Failure::Unreachable);
        assert_eq!(dialed(ErrorKind::AddrInUse), Failure::NoConnection);
        assert_eq!(Failure::connecting(&Failure::Dns), Failure::Dns);
    }

    #[test]
    fn certificate_errors_are_distinguished() {
        let shaken = |reason| {
            let error = rustls::Error::InvalidCertificate(reason);
            Failure::shaking_hands(&io::Error::new(ErrorKind::InvalidData, error))
        };
        assert_eq!(shaken(CertificateError::UnknownIssuer), Failure::UnknownAuthority);
        assert_eq!(shaken(CertificateError::BadSignature), Failure::UnknownAuthority);
        assert_eq!(shaken(CertificateError::NotValidForName), Failure::OtherName);
        assert_eq!(shaken(CertificateError::Expired), Failure::CertificateTime);
        assert_eq!(shaken(CertificateError::Revoked), Failure::Certificate);
        let other = io::Error::from(ErrorKind::UnexpectedEof);
        assert_eq!(Failure::shaking_hands(&other), Failure::Tls);
    }

    #[test]
    fn timeouts_have_their_own_wasi_errors() {
        let converted = |failure: Failure| WasiError::from(failure);
        assert!(matches!(converted(Failure::ConnectTimeout), WasiError::ConnectionTimeout));
        assert!(matches!(converted(Failure::AnswerTimeout), WasiError::HttpResponseTimeout));
        assert!(matches!(converted(Failure::UnknownAuthority), WasiError::TlsCertificateError));
        assert!(matches!(converted(Failure::Stopped), WasiError::LoopDetected));
    }
}
