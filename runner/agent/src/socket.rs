//! Stream sockets that carry descriptors beside bytes.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};

/// The most descriptors in one message: on cgroup v1, one `cgroup.procs` for each of four controllers.
pub const MAX_DESCRIPTORS: usize = 8;

/// Sends bytes with descriptors; at least the first byte, with which they travel, unless an error is returned.
///
/// # Errors
/// The kernel's.
pub fn send(socket: &impl AsRawFd, bytes: &[u8], descriptors: &[RawFd]) -> Result<usize, Errno> {
    let rights = [ControlMessage::ScmRights(descriptors)];
    let control = if descriptors.is_empty() { &rights[..0] } else { &rights[..] };
    sendmsg::<()>(socket.as_raw_fd(), &[IoSlice::new(bytes)], control, MsgFlags::MSG_NOSIGNAL, None)
}

/// Sends all bytes over a blocking socket, the descriptors with the first of them.
///
/// # Errors
/// The kernel's.
pub fn send_all(socket: &impl AsRawFd, mut bytes: &[u8], descriptors: &[RawFd]) -> Result<(), Errno> {
    let mut descriptors = descriptors;
    while !bytes.is_empty() {
        match send(socket, bytes, descriptors) {
            Ok(sent) => {
                bytes = bytes.get(sent..).unwrap_or_default();
                descriptors = &[];
            }
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Receives bytes, 0 at the end of the stream, and appends the descriptors that came with them.
///
/// # Errors
/// The kernel's; `EBADF` where descriptors were lost on the way, as an AppArmor profile can make happen.
pub fn receive(
    socket: &impl AsRawFd,
    buffer: &mut [u8],
    descriptors: &mut impl Extend<OwnedFd>,
) -> Result<usize, Errno> {
    let mut space = nix::cmsg_space!([RawFd; MAX_DESCRIPTORS]);
    let mut slices = [IoSliceMut::new(buffer)];
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let message = recvmsg::<()>(socket.as_raw_fd(), &mut slices, Some(&mut space), flags)?;
    if message.flags.contains(MsgFlags::MSG_CTRUNC) {
        return Err(Errno::EBADF);
    }
    for control in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(received) = control {
            // SAFETY: the kernel has just opened these descriptors for us.
            descriptors.extend(received.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }));
        }
    }
    Ok(message.bytes)
}
