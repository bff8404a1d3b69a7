package worker_test

import (
	"os"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/worker"
)

func TestMain(m *testing.M) {
	worker.Main() // the tests start this binary again as their workers
	os.Exit(m.Run())
}
