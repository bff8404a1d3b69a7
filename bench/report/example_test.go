package report_test

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ringmaster-ipc/ringmaster/bench"
	"github.com/ringmaster-ipc/ringmaster/bench/machine"
	"github.com/ringmaster-ipc/ringmaster/bench/report"
)

func Example() {
	folder, err := os.MkdirTemp("", "report")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	m, err := machine.Describe()
	if err != nil {
		fmt.Println(err)
		return
	}
	r := report.Report{Command: "ringmaster bench stream", Time: time.Now(), Machine: m, Outcomes: []bench.Outcome{
		{Result: bench.Result{Scenario: "stream", Runs: 5, MsgsPerSec: &bench.Spread{Min: 1e8, Median: 1.1e8, Max: 1.2e8}}},
	}}
	if err := r.Write(folder); err != nil {
		fmt.Println(err)
	}
	names, _ := filepath.Glob(filepath.Join(folder, "*"))
	for _, name := range names {
		fmt.Println(filepath.Base(name))
	}
	// Output:
	// report.html
	// results.json
}
