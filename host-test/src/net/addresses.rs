//! Which addresses are public: the internet routes them, and they are not of this machine, of a
//! local network or of a cloud's own services.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::sync::LazyLock;

use ipnet::{Ipv4Net, Ipv6Net};

/// IPv4 networks that are not public: IANA's special-purpose registry, and two more.
const OTHER_V4: [&str; 18] = [
    "0.0.0.0/8",          // this host
    "10.0.0.0/8",         // private
    "100.64.0.0/10",      // shared behind a provider's address translation
    "127.0.0.0/8",        // loopback
    "168.63.129.16/32",   // the services of a virtual machine in Azure
    "169.254.0.0/16",     // link-local, and the metadata of most clouds
    "172.16.0.0/12",      // private
    "192.0.0.0/24",       // protocol assignments
    "192.0.2.0/24",       // documentation
    "192.88.99.0/24",     // relays of 6to4
    "192.168.0.0/16",     // private
    "198.18.0.0/15",      // benchmarks
    "198.51.100.0/24",    // documentation
    "203.0.113.0/24",     // documentation
    "224.0.0.0/4",        // multicast
    "233.252.0.0/24",     // documentation
    "240.0.0.0/4",        // reserved
    "255.255.255.255/32", // broadcast
];

/// The IPv6 network in which all public addresses are.
const PUBLIC_V6: &str = "2000::/3";

/// The networks in [`PUBLIC_V6`] that are not public.
const OTHER_V6: [&str; 4] = [
    "2001::/23",     // protocol assignments; Teredo, which contains IPv4 addresses
    "2001:db8::/32", // documentation
    "2002::/16",     // 6to4, which contains IPv4 addresses
    "3fff::/20",     // documentation
];

/// The network through which a translator (NAT64) reaches all IPv4 addresses.
const TRANSLATED: &str = "64:ff9b::/96";

struct Networks {
    other_v4: Vec<Ipv4Net>,
    public_v6: Ipv6Net,
    other_v6: Vec<Ipv6Net>,
    translated: Ipv6Net,
}

static NETWORKS: LazyLock<Networks> = LazyLock::new(|| {
    let v6 = |network: &str| network.parse().expect("a network");
    Networks {
        other_v4: OTHER_V4.iter().map(|network| network.parse().expect("a network")).collect(),
        public_v6: v6(PUBLIC_V6),
        other_v6: OTHER_V6.into_iter().map(v6).collect(),
        translated: v6(TRANSLATED),
    }
});

/// Returns whether an address is public, and not one of this machine's own.
pub(super) fn is_elsewhere(address: IpAddr) -> bool {
    is_public(address) && !is_own(address)
}

/// Returns whether an address is one of this machine's own: a socket can be bound to it. If that
/// can't be found out, because there is no descriptor for a socket, it counts as its own. Where the
/// system lets sockets be bound to any address, this returns false.
fn is_own(address: IpAddr) -> bool {
    let address = meant(address);
    let nowhere: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::new(192, 0, 2, 1).into(),
        IpAddr::V6(_) => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
    };
    let bound = |address: IpAddr| UdpSocket::bind((address, 0)).map(drop);
    match bound(address) {
        Ok(()) => bound(nowhere).is_err(),
        Err(error) => !is_elsewhere_by(&error),
    }
}

/// Returns whether a socket could not be bound because the address is not the machine's.
fn is_elsewhere_by(error: &io::Error) -> bool {
    // The last is of a machine without IPv6.
    matches!(error.kind(), ErrorKind::AddrNotAvailable | ErrorKind::Unsupported)
        || error.raw_os_error() == Some(libc::EAFNOSUPPORT)
}

/// Returns the IPv4 address for which an IPv6 address stands, or the address itself.
fn meant(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if NETWORKS.translated.contains(&address) => {
            let [.., a, b, c, d] = address.octets();
            Ipv4Addr::new(a, b, c, d).into()
        }
        address => address,
    }
}

/// Returns whether an address is public. An IPv6 address that stands for an IPv4 address is judged
/// as that.
fn is_public(address: IpAddr) -> bool {
    match meant(address) {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !NETWORKS.other_v4.iter().any(|network| network.contains(&address))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let networks = &*NETWORKS;
    networks.public_v6.contains(&address)
        && !networks.other_v6.iter().any(|network| network.contains(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(address: &str) -> bool {
        is_public(address.parse().expect("an address"))
    }

    #[test]
    fn the_machines_own_addresses_are_known_as_such() {
        // It has no address that is certain to be there besides those of loopback, which are its
        // own for the same reason.
        for own in ["127.0.0.1", "127.9.9.9", "::ffff:127.0.0.1", "64:ff9b::7f00:1"] {
            assert!(is_own(own.parse().expect("an address")), "{own}");
        }
        for other in ["192.0.2.7", "::ffff:192.0.2.7", "64:ff9b::c000:207", "2001:db8::7"] {
            assert!(!is_own(other.parse().expect("an address")), "{other}");
        }
    }

    #[test]
    fn an_address_counts_as_its_own_if_no_socket_can_be_made() {
        let refused = |number| is_elsewhere_by(&io::Error::from_raw_os_error(number));
        assert!(refused(libc::EADDRNOTAVAIL) && refused(libc::EAFNOSUPPORT));
        for number in [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM, libc::EACCES] {
            assert!(!refused(number), "{number}");
        }
    }

    #[test]
    fn addresses_of_this_machine_and_of_local_networks_are_not_public() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::2",
            "100::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "ff0e::1",
            "2001:db8::1",
            "3fff::1",
        ] {
            assert!(!public(address), "{address}");
        }
    }

    #[test]
    fn ipv4_inside_ipv6_is_judged_as_ipv4() {
        for address in [
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0.0.0.0",
            "64:ff9b::127.0.0.1",
            "64:ff9b::10.1.2.3",
            "64:ff9b::a9fe:a9fe",
        ] {
            assert!(!public(address), "{address}");
        }
        for address in ["::ffff:8.8.8.8", "64:ff9b::8.8.8.8"] {
            assert!(public(address), "{address}");
        }
    }

    #[test]
    fn forms_of_ipv4_in_ipv6_that_are_out_of_use_are_not_public() {
        for address in [
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:0:127.0.0.1",
            "64:ff9b:1::10.0.0.1",
            "64:ff9b:1::8.8.8.8",
            "2002:7f00:1::",
            "2002:808:808::1",
            "2001::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        ] {
            assert!(!public(address), "{address}");
        }
    }

    #[test]
    fn other_addresses_are_public() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "223.255.255.255",
            "2001:4860:4860::8888",
            "2606:4700::1111",
            "2a00:1450:4001:80b::200e",
        ] {
            assert!(public(address), "{address}");
        }
    }
}
