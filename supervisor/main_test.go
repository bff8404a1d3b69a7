package supervisor

import (
	"os"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/worker"
)

// TestMain runs this binary as what it was started for: a worker of a test, the
// program around a whole run, or the tests.
func TestMain(m *testing.M) {
	worker.Main()
	if play := scenes[os.Getenv(sceneEnv)]; play != nil {
		play()
		os.Exit(0)
	}
	// With the race detector a process sleeps for a second before it exits; the
	// tests start hundreds.
	os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	os.Exit(m.Run())
}
