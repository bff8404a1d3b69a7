package supervisor_test

import (
	"bytes"
	"os"
	"testing"
)

// mappings returns how many segments of runs this process has mapped.
func mappings(t *testing.T) int {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(maps, []byte("memfd:ringmaster"))
}

// descriptors returns how many files this process has open.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestRunLeavesNeitherMappingsNorDescriptorsInTheSupervisor(t *testing.T) {
	runCrowd(t, 8)
	mapped, open := mappings(t), descriptors(t)
	if mapped != 0 {
		t.Errorf("after a run %d segments are mapped", mapped)
	}
	for range 3 {
		runCrowd(t, 8)
	}
	if now := descriptors(t); now > open {
		t.Errorf("after one run %d files were open, after four %d", open, now)
	}
}
