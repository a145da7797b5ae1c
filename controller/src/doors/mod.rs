//! What all three doors have in common: how many may come in, how much they may be sending, how slow they may be, and
//! what those hear for whom there is no room.

pub mod descriptors;
mod farewell;
mod guests;
mod pace;
mod patient;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::lock::lock;
use guests::{Guests, Origin};

pub use farewell::hang_up;
pub use guests::{Full, Room};
pub use pace::Pace;
pub use patient::Patient;

/// Those who are told at once why they cannot come in; to more than so many the door is simply closed.
const FAREWELLS: usize = 64;

/// After how many milliseconds a peer counts as gone that confirms nothing of what is sent to it.
const VANISHED: u32 = 60_000;

/// A door. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Door(Arc<State>);

#[derive(Debug)]
struct State {
    guests: Mutex<Guests>,
    farewells: Arc<Semaphore>,
}

/// A connection's place; dropped, it is free.
#[derive(Debug)]
pub struct Place {
    door: Door,
    origin: Origin,
}

/// Bytes that are on their way in from a [`Place`]; dropped, they are given back.
#[derive(Debug)]
pub struct Incoming {
    place: Arc<Place>,
    bytes: u64,
}

impl Door {
    /// A door with so much room.
    pub fn new(room: Room) -> Self {
        let (guests, farewells) = (Mutex::new(Guests::new(room)), Arc::new(Semaphore::new(FAREWELLS)));
        Self(Arc::new(State { guests, farewells }))
    }

    /// Lets somebody in.
    ///
    /// # Errors
    /// Where there is no room.
    pub fn enter(&self, peer: SocketAddr) -> Result<Arc<Place>, Full> {
        let origin = Origin::of(peer.ip());
        lock(&self.0.guests).enter(origin)?;
        Ok(Arc::new(Place { door: self.clone(), origin }))
    }
}

impl Place {
    /// A place at no door, for connections that are no sockets. It has room for everything.
    pub fn anywhere() -> Arc<Self> {
        let room = Room {
            connections: usize::MAX,
            connections_per_address: usize::MAX,
            bytes: u64::MAX,
            bytes_per_address: u64::MAX,
        };
        let origin = Origin::of(IpAddr::from([127, 0, 0, 1]));
        let mut guests = Guests::new(room);
        // An empty door takes anybody.
        let _ = guests.enter(origin);
        let state = State { guests: Mutex::new(guests), farewells: Arc::new(Semaphore::new(0)) };
        Arc::new(Self { door: Door(Arc::new(state)), origin })
    }

    /// Nothing is on its way in yet.
    pub fn incoming(self: &Arc<Self>) -> Incoming {
        Incoming { place: Arc::clone(self), bytes: 0 }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.door.0.guests).leave(self.origin);
    }
}

impl Incoming {
    /// So many more are to come.
    ///
    /// # Errors
    /// Where there is no room for them.
    pub fn grow(&mut self, bytes: u64) -> Result<(), Full> {
        lock(&self.place.door.0.guests).take(self.place.origin, bytes)?;
        self.bytes += bytes;
        Ok(())
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// All are here.
    pub fn clear(&mut self) {
        if self.bytes > 0 {
            lock(&self.place.door.0.guests).give_back(self.place.origin, std::mem::take(&mut self.bytes));
        }
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Has the system give a connection up whose peer has vanished without a word.
pub fn notice_vanishing(stream: &TcpStream) {
    // Where this fails the connection is gone, as the first read tells.
    let _ = nix::sys::socket::setsockopt(stream, nix::sys::socket::sockopt::TcpUserTimeout, &VANISHED);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door() -> Door {
        Door::new(Room { connections: 1, connections_per_address: 1, bytes: 10, bytes_per_address: 10 })
    }

    #[test]
    fn a_place_is_free_once_it_is_left() {
        let (door, peer) = (door(), SocketAddr::from(([10, 0, 0, 1], 1)));
        let place = door.enter(peer).unwrap();
        assert_eq!(door.enter(peer).unwrap_err(), Full::Connections(1));
        drop(place);
        assert!(door.enter(peer).is_ok());
    }

    #[test]
    fn what_was_on_its_way_makes_room_when_it_is_here_or_does_not_come() {
        let place = door().enter(SocketAddr::from(([10, 0, 0, 1], 1))).unwrap();
        let (mut one, mut other) = (place.incoming(), place.incoming());
        one.grow(10).unwrap();
        assert_eq!(other.grow(1), Err(Full::Bytes));
        one.clear();
        other.grow(10).unwrap();
        drop(other);
        assert_eq!(one.grow(10), Ok(()));
    }
}
