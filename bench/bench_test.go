package bench

import (
	"os"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/worker"
)

func TestMain(m *testing.M) {
	worker.Main()
	os.Exit(m.Run())
}
