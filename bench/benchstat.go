package bench

import (
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/ringmaster-ipc/ringmaster/bench/machine"
)

// Benchstat writes results in the format of Go's benchmarks, one line for each
// run that counted, so that benchstat can compare two files of them. It belongs
// to one goroutine.
type Benchstat struct {
	w       io.Writer
	machine *machine.Machine
	begun   bool
	err     error
}

// NewBenchstat returns a writer of lines to w. Those about the machine come
// before the first result.
func NewBenchstat(w io.Writer, m *machine.Machine) *Benchstat { return &Benchstat{w: w, machine: m} }

func (b *Benchstat) printf(format string, args ...any) {
	if b.err == nil {
		_, b.err = fmt.Fprintf(b.w, format, args...)
	}
}

// Add writes the runs of one result.
func (b *Benchstat) Add(o Outcome) {
	if !b.begun {
		b.begun = true
		b.printf("goos: %s\ngoarch: %s\npkg: github.com/ringmaster-ipc/ringmaster/bench\ncpu: %s\n", runtime.GOOS, runtime.GOARCH, b.machine.Model)
	}
	name := o.Result.benchmarkName()
	for i, value := range o.Values {
		nanos := value
		if o.Result.Floor.Unit != "ns" {
			nanos = 1e9 / value
		}
		b.printf("%s %d %.5g ns/op %.5g floor-ratio", name, max(o.Result.Messages/int64(len(o.Values)), 1), nanos, o.Ratios[i])
		if o.Result.Size > 0 && o.Result.MsgsPerSec != nil {
			b.printf(" %.5g MB/s", float64(o.Result.Size)/nanos*1e3)
		}
		if o.Result.AllocsPerMessage != nil {
			b.printf(" %.3f allocs/op", *o.Result.AllocsPerMessage)
		}
		b.printf("\n")
	}
}

// Close returns the first error of writing.
func (b *Benchstat) Close() error { return b.err }

// benchmarkName is the scenario with what tells its variants apart.
func (r Result) benchmarkName() string {
	name := "Benchmark" + strings.ToUpper(r.Scenario[:1]) + r.Scenario[1:]
	for _, part := range []struct{ key, value string }{
		{"peer", r.Peer}, {"api", r.API}, {"codec", r.Codec}, {"wait", r.Wait}, {"size", count0(r.Size)},
		{"batch", count0(r.Batch)}, {"workers", count0(r.Workers)}, {"rate", count0(r.Rate)}, {"options", r.variant()},
	} {
		if part.value != "" {
			name += "/" + part.key + "=" + strings.ReplaceAll(strings.ReplaceAll(part.value, " ", "_"), ",", "")
		}
	}
	return name
}

// count0 returns a count as text, nothing for zero.
func count0(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}
