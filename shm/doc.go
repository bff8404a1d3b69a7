// Package shm makes, seals, checks and maps the anonymous shared memory that
// ringmaster's processes talk through.
//
// A [Segment] is a memfd: a file without a name that lives as long as somebody
// holds its descriptor or has it mapped. Nothing ever appears under /dev/shm
// or in any other folder, so nothing can be left behind by a process that dies.
//
// Every segment begins with the same header (see header.go), is sealed against
// shrinking and growing before anybody else sees it, and has one owner that
// maps it for writing; everybody else maps it read-only. Because a segment
// cannot shrink, reading a mapped one never raises SIGBUS for a missing page.
//
// Segments are sparse: creating one of a gigabyte costs a page. Memory that a
// peer will write to is claimed with [Segment.Allocate], so that a machine
// without memory answers with [ErrNoMemory] at that point and not with a
// signal in the middle of a store.
//
// The package says nothing about what lies behind the header; package ring
// does.
package shm
