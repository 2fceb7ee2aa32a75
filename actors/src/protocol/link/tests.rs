//! What a link holds on to.

use std::task::Context;

use crate::protocol::timers::Limits;
use crate::stream::memory;

use super::*;

fn task() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// A link without timers, and its peer; so many bytes are on their way at the most.
fn link(window: usize) -> (Link, Stream) {
    let (near, far) = memory::pair(window);
    let timers = Timers::new(Limits::default(), Instant::now());
    (Link::new(near, BytesMut::new(), timers), far)
}

fn write(link: &mut Link, bytes: &[u8]) -> Result<(), ()> {
    link.write(|output| {
        output.extend_from_slice(bytes);
        Ok(())
    })
}

#[test]
fn a_link_on_which_nothing_is_under_way_holds_no_buffer() {
    let (mut link, mut peer) = link(100_000);
    for _ in 0..3 {
        assert!(peer.poll_write(&mut task(), &[0; 10_000]).is_ready());
        assert!(link.poll_fill(&mut task(), 20_000).is_ready());
        let (found, progress) = link.decode(|unread, _| {
            unread.clear();
            Ok::<_, ()>(Some(()))
        });
        assert!(found == Ok(Some(())) && progress);
        write(&mut link, &[0; 10_000]).unwrap();
        assert_eq!(link.waiting(), 10_000);
        assert!(link.poll_flush(&mut task(), 0).is_ready());
        assert!(link.poll_fill(&mut task(), 20_000).is_pending());
        assert!(link.buffers.is_none());
    }
}

#[test]
fn a_link_reads_no_more_than_a_message_may_have() {
    let (mut link, mut peer) = link(100_000);
    assert!(peer.poll_write(&mut task(), &[0; 10_000]).is_ready());
    assert!(matches!(link.poll_fill(&mut task(), 1000), Poll::Ready(Ok(1000))));
    // What is taken of a message that is not whole counts.
    let (found, _) = link.decode(|unread, _| {
        unread.clear();
        Ok::<Option<()>, ()>(None)
    });
    assert_eq!((found, link.message_len()), (Ok(None), 1000));
    assert!(matches!(link.poll_fill(&mut task(), 1500), Poll::Ready(Ok(500))));
}

#[test]
fn a_message_that_cannot_be_written_leaves_those_before_it_alone() {
    let (mut link, mut peer) = link(100);
    write(&mut link, b"whole").unwrap();
    let refused = link.write(|output| {
        output.extend_from_slice(b"hal");
        Err(())
    });
    assert_eq!((refused, link.waiting()), (Err(()), 5));
    link.flush_now().unwrap();
    let mut received = [0; 10];
    assert!(matches!(peer.poll_read(&mut task(), &mut received), Poll::Ready(Ok(5))));
    assert_eq!(&received[..5], b"whole");
}

#[test]
fn all_that_waits_goes_out_before_the_end() {
    let (mut link, mut peer) = link(10);
    write(&mut link, &[1; 25]).unwrap();
    let mut received = [0; 100];
    for expected in [10, 10, 5, 0] {
        assert_eq!(link.poll_shutdown(&mut task()).is_ready(), expected <= 5);
        let read = peer.poll_read(&mut task(), &mut received);
        assert!(matches!(read, Poll::Ready(Ok(read)) if read == expected), "{read:?}");
    }
}
