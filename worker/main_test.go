package worker_test

import (
	"os"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/worker"
)

func TestMain(m *testing.M) {
	// The race detector makes every process linger for a second at its end;
	// here that is every worker.
	os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	worker.Main() // the tests start this binary again as their workers
	os.Exit(m.Run())
}
