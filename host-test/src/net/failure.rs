//! Why there was no answer: what the component is told, and what the log says.

use std::error::Error as StdError;
use std::fmt;
use std::io::{self, ErrorKind};

use rustls::CertificateError;
use wasmtime_wasi_http::Error as WasiError;

/// Why a request got no answer. It names no address and repeats nothing that a server, a proxy
/// or a library said: any of these may be or hold a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The server's name is not known to the resolver.
    Dns,
    /// Nobody listens there.
    Refused,
    /// There is no way there.
    Unreachable,
    /// Making the connection, TLS and a proxy's tunnel included, took too long.
    ConnectTimeout,
    /// No connection, for another reason.
    NoConnection,
    /// The server's certificate was signed by nobody who is trusted.
    UnknownAuthority,
    /// The server's certificate is for another name.
    OtherName,
    /// The server's certificate has expired or is not valid yet.
    CertificateTime,
    /// The server's certificate is not valid, for another reason.
    Certificate,
    /// The handshake failed.
    Tls,
    /// There is nobody to trust.
    NoAuthorities,
    /// The proxy wants other credentials.
    ProxyCredentials,
    /// The proxy opens no tunnel to the server.
    ProxyRefused,
    /// The proxy could not be reached.
    NoProxy,
    /// The answer did not begin in time.
    AnswerTimeout,
    /// The connection ended before there was an answer.
    Broken,
    /// What the server sent is not HTTP.
    NotHttp,
}

impl Failure {
    /// In fixed words, for the log.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Failure::Dns => "the server's name could not be resolved (DNS)",
            Failure::Refused => "the connection was refused",
            Failure::Unreachable => "the server is unreachable",
            Failure::ConnectTimeout => "the connection timed out",
            Failure::NoConnection => "no connection could be made",
            Failure::UnknownAuthority => {
                "TLS failed: the certificate's authority is not trusted by this machine; if it \
                 is your own, give its certificate (--ca-file)"
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
                 package is usually called ca-certificates), or give a file with some (--ca-file)"
            }
            Failure::ProxyCredentials => "the proxy wants other credentials",
            Failure::ProxyRefused => "the proxy opened no tunnel to the server",
            Failure::NoProxy => "the proxy could not be reached",
            Failure::AnswerTimeout => "no answer came in time",
            Failure::Broken => "the connection broke",
            Failure::NotHttp => "the answer is not HTTP",
        }
    }

    /// What the resolver's or the system's error comes to, or a failure of this module's own
    /// that stands behind `error`.
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

    /// What the error of a handshake comes to.
    pub(super) fn shaking_hands(error: &io::Error) -> Failure {
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        let Some(rustls::Error::InvalidCertificate(reason)) = tls else {
            return Failure::Tls;
        };
        match reason {
            // The second: by an authority of the same name as one that is trusted.
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

    /// What the client's error comes to.
    pub(super) fn sending(error: &hyper_util::client::legacy::Error) -> Failure {
        if error.is_connect() {
            return Failure::connecting(error);
        }
        let http = causes(error).find_map(|cause| cause.downcast_ref::<hyper::Error>());
        match http {
            Some(error) if error.is_parse() => Failure::NotHttp,
            _ => Failure::Broken,
        }
    }
}

/// The error and what is behind it, outermost first.
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

/// What the component is told, as far as `wasi:http` has a code for it.
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
            Failure::NotHttp => WasiError::HttpProtocolError,
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
    fn the_causes_of_a_failed_connection_are_told_apart() {
        assert_eq!(dialed(ErrorKind::ConnectionRefused), Failure::Refused);
        assert_eq!(dialed(ErrorKind::TimedOut), Failure::ConnectTimeout);
        assert_eq!(dialed(ErrorKind::NetworkUnreachable), Failure::Unreachable);
        assert_eq!(dialed(ErrorKind::AddrInUse), Failure::NoConnection);
        assert_eq!(Failure::connecting(&Failure::Dns), Failure::Dns);
    }

    #[test]
    fn the_faults_of_a_certificate_are_told_apart() {
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
    fn what_is_a_matter_of_time_is_told_as_such() {
        let told = |failure: Failure| WasiError::from(failure);
        assert!(matches!(told(Failure::ConnectTimeout), WasiError::ConnectionTimeout));
        assert!(matches!(told(Failure::AnswerTimeout), WasiError::HttpResponseTimeout));
        assert!(matches!(told(Failure::UnknownAuthority), WasiError::TlsCertificateError));
    }
}
