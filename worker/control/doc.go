// Package control is the conversation between the supervisor and one worker
// process: a few frames over an inherited socket pair, next to the shared
// memory and never on the path of a message.
//
// A conversation begins with [Hello] from the worker and [Welcome] from the
// supervisor. After that the worker reports how it ended, asks for descriptors
// it cannot open by itself, and hands over payloads too large for its slab; the
// supervisor tells it to stop. End of file means that the other side is gone.
//
// Programs do not use this package; packages worker and supervisor do.
package control
