//! Calling the application while its request's body still comes (`body-buffering = false`).

use std::os::fd::AsFd;

use super::connection::{After, Connection};
use super::engine::{Core, Engine};
use super::serve::Step;
use super::stream::Stream;
use super::upload::Body;
use super::{App, Turn};
use crate::request::Request;

impl<A: App> Engine<A> {
    /// Calls the application, which reads the body from the connection itself.
    pub(super) fn stream(
        &self,
        connection: &mut Connection,
        core: &mut Core<A::Core>,
        turn: &mut Turn<'_>,
        request: &mut Request,
        head: &[u8],
        rest: &[u8],
    ) -> Step {
        let serve = &self.outfit.serve;
        let wire = self.wire(connection.listener);
        let capacity = wire.is_fastcgi().then(|| self.capacity());
        let (limit, patience) = (serve.limit_post, serve.patience(wire));
        let mut stream = Stream::new(connection, request, rest, limit, patience, capacity);
        // HTTP has to announce now what will become of the connection
        request.keep_alive &= capacity.is_some();
        self.send_held(core);
        self.answer(connection, core, turn, request, head, Body::Stream(&mut stream), 0);
        if connection.after == After::Next {
            match stream.leave() {
                // behind a piece of a file nothing can be put
                Some((answers, _)) if !answers.is_empty() && !connection.output.is_empty() => {
                    connection.after = After::Close;
                }
                Some((answers, behind)) => {
                    if !answers.is_empty() {
                        connection.output.hold(&[&answers]);
                    }
                    connection.input = behind;
                }
                None => connection.after = After::Linger,
            }
        } else if (capacity.is_none() || !stream.done()) && connection.after == After::Close {
            // what still comes, of the body or behind it, would cut the answer off
            connection.after = After::Linger;
        }
        Step::Again
    }

    /// Sends what was held back, before a wait for one client: the others do not wait with it. Nothing else is done
    /// for them until [`Engine::release`].
    fn send_held(&self, core: &Core<A::Core>) {
        for slot in core.held.iter().filter_map(|fd| self.table.slot(*fd)) {
            let Ok(mut place) = slot.connection.try_lock() else { continue };
            if let Some(connection) = place.as_deref_mut() {
                // an error shows again when the rest is done
                let _ = connection.output.flush(connection.socket.as_fd());
            }
        }
    }
}
