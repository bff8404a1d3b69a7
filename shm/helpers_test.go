package shm

import (
	"os"
	"testing"
)

// newSegment returns a published segment of the given size that is closed with
// the test.
func newSegment(t testing.TB, size int64) *Segment {
	t.Helper()
	s, err := Create("test", Header{Kind: KindOutbox, Size: size, Owner: 3, Incarnation: 2, ID: 77})
	if err != nil {
		t.Fatalf("Create: %v", err)
	}
	t.Cleanup(s.Close)
	s.Publish()
	return s
}

// share returns a second, read-only descriptor of a segment, as a peer gets it.
func share(t testing.TB, s *Segment) *os.File {
	t.Helper()
	file, err := OpenShared(os.Getpid(), int(s.File().Fd()))
	if err != nil {
		t.Fatalf("OpenShared: %v (is /proc mounted?)", err)
	}
	return file
}

// duplicate returns a second descriptor with the same access.
func duplicate(t testing.TB, s *Segment) *os.File {
	t.Helper()
	file, err := os.OpenFile(s.procPath(), os.O_RDWR, 0)
	if err != nil {
		t.Fatalf("open again: %v", err)
	}
	return file
}

func openDescriptors(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatalf("list descriptors: %v", err)
	}
	return len(entries)
}
