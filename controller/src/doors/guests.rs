//! Who has come in, and whether there is room for one more: the decision alone.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

/// How much a door takes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Connections that may be open at once.
    pub connections: usize,
    /// Those of them that may be from one address.
    pub connections_per_address: usize,
    /// Bytes of what has begun to come in and is not whole yet.
    pub bytes: u64,
    /// Those of them that may be from one address.
    pub bytes_per_address: u64,
}

/// Why there is no room for one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// The door has as many connections as it takes.
    #[error("this controller has {0} connections open, and takes no more; try again later")]
    Connections(usize),
    /// So has this address.
    #[error("your address has {0} connections open, and gets no more (max_connections_per_address)")]
    OfAddress(usize),
    /// What is on its way already is as much as may be.
    #[error("more is on its way to this controller than it takes at once; try again later")]
    Bytes,
}

/// Where somebody comes from, as far as that counts: in IPv6 every machine has as many addresses as it likes, so it is
/// the network that does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Origin(IpAddr);

/// What is in use.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Use {
    connections: usize,
    bytes: u64,
}

/// Everybody who is in.
#[derive(Debug)]
pub struct Guests {
    room: Room,
    all: Use,
    by_origin: HashMap<Origin, Use>,
}

impl Origin {
    /// Where this address is.
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
            v4 => v4,
        })
    }
}

impl Guests {
    /// Nobody yet.
    pub fn new(room: Room) -> Self {
        Self { room, all: Use::default(), by_origin: HashMap::new() }
    }

    /// Somebody comes.
    ///
    /// # Errors
    /// Where there is no room; nothing has changed then.
    pub fn enter(&mut self, origin: Origin) -> Result<(), Full> {
        if self.all.connections >= self.room.connections {
            return Err(Full::Connections(self.all.connections));
        }
        let most = self.room.connections_per_address;
        let own = self.by_origin.get(&origin).map_or(0, |own| own.connections);
        if own >= most {
            return Err(Full::OfAddress(own));
        }
        self.by_origin.entry(origin).or_default().connections += 1;
        self.all.connections += 1;
        Ok(())
    }

    /// Somebody who has come in sends so many bytes more than were taken for it before.
    ///
    /// # Errors
    /// Where there is no room; nothing has changed then.
    pub fn take(&mut self, origin: Origin, bytes: u64) -> Result<(), Full> {
        let own = self.by_origin.get_mut(&origin).ok_or(Full::Bytes)?;
        let (all, own_bytes) = (self.all.bytes.saturating_add(bytes), own.bytes.saturating_add(bytes));
        if all > self.room.bytes || own_bytes > self.room.bytes_per_address {
            return Err(Full::Bytes);
        }
        self.all.bytes = all;
        own.bytes = own_bytes;
        Ok(())
    }

    /// So many bytes are whole, or will not come.
    pub fn give_back(&mut self, origin: Origin, bytes: u64) {
        if let Some(own) = self.by_origin.get_mut(&origin) {
            own.bytes = own.bytes.saturating_sub(bytes);
            self.all.bytes = self.all.bytes.saturating_sub(bytes);
        }
    }

    /// Somebody has gone, who has given all bytes back.
    pub fn leave(&mut self, origin: Origin) {
        let Some(own) = self.by_origin.get_mut(&origin) else { return };
        own.connections = own.connections.saturating_sub(1);
        self.all.connections = self.all.connections.saturating_sub(1);
        if own.connections == 0 {
            self.by_origin.remove(&origin);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room { connections: 3, connections_per_address: 2, bytes: 100, bytes_per_address: 60 };

    fn origin(address: &str) -> Origin {
        Origin::of(address.parse().unwrap())
    }

    #[test]
    fn no_address_takes_the_others_places() {
        let mut guests = Guests::new(ROOM);
        let (one, other) = (origin("10.0.0.1"), origin("10.0.0.2"));
        assert_eq!([guests.enter(one), guests.enter(one)], [Ok(()), Ok(())]);
        assert_eq!(guests.enter(one), Err(Full::OfAddress(2)));
        assert_eq!(guests.enter(other), Ok(()));
        assert_eq!(guests.enter(origin("10.0.0.3")), Err(Full::Connections(3)));
        guests.leave(one);
        assert_eq!(guests.enter(other), Ok(()));
    }

    #[test]
    fn no_address_takes_the_others_memory() {
        let mut guests = Guests::new(ROOM);
        let (one, other) = (origin("10.0.0.1"), origin("10.0.0.2"));
        guests.enter(one).unwrap();
        guests.enter(other).unwrap();
        assert_eq!(guests.take(one, 61), Err(Full::Bytes));
        assert_eq!(guests.take(one, 60), Ok(()));
        assert_eq!(guests.take(other, 41), Err(Full::Bytes));
        assert_eq!(guests.take(other, 40), Ok(()));
        guests.give_back(one, 60);
        assert_eq!(guests.take(other, 20), Ok(()));
    }

    #[test]
    fn who_has_gone_leaves_nothing_behind() {
        let mut guests = Guests::new(ROOM);
        let one = origin("10.0.0.1");
        guests.enter(one).unwrap();
        guests.take(one, 60).unwrap();
        guests.give_back(one, 60);
        guests.leave(one);
        assert!(guests.by_origin.is_empty());
        assert_eq!(guests.all, Use::default());
        assert_eq!(guests.take(one, 1), Err(Full::Bytes), "who is not in sends nothing");
    }

    #[test]
    fn a_network_of_ipv6_is_one_address_and_one_of_ipv4_is_not() {
        assert_eq!(origin("2001:db8::1"), origin("2001:db8::ffff:2"));
        assert_ne!(origin("2001:db8::1"), origin("2001:db8:0:1::1"));
        assert_ne!(origin("10.0.0.1"), origin("10.0.0.2"));
        assert_eq!(origin("::ffff:10.0.0.1"), origin("10.0.0.1"));
    }
}
