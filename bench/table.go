package bench

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/ringmaster-ipc/ringmaster/bench/machine"
)

// Table writes results for people, one after the other: what was measured and
// where; its figures, its floor and the ratio to it; what it cost. It belongs to
// one goroutine.
type Table struct {
	w       io.Writer
	machine *machine.Machine
	noisy   int
	results int
	peers   comparison
	err     error
}

// NewTable returns a table that is written to w. A line about the machine comes
// before the first result.
func NewTable(w io.Writer, m *machine.Machine) *Table { return &Table{w: w, machine: m} }

func (t *Table) printf(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format, args...)
	}
}

// Add writes one result.
func (t *Table) Add(r Result) {
	if t.results++; t.results == 1 {
		t.printf("%s\n\n", t.machine)
	}
	if r.Peer != "" {
		t.addPeer(r)
		return
	}
	name := strings.TrimSpace(r.Scenario + " " + r.Peer)
	if r.Absent != "" {
		t.printf("%-10s absent: %s\n", name, r.Absent)
		return
	}
	t.printf("%-9s %s, %s\n", name, r.How(), t.placement(r.Cores))
	t.printf("%9s %s", "", strings.Join(r.figures(), "  "))
	if r.Floor != nil {
		t.printf("  floor %9s  ratio %6.2f", Quantity(r.Floor.Value, r.Floor.Unit), r.Ratio)
	}
	t.printf("\n%9s %s\n", "", strings.Join(r.details(), ", "))
	if r.Noisy {
		t.noisy++
	}
}

// Close writes what there is to say about all results, and returns the first
// error of writing.
func (t *Table) Close() error {
	t.closePeers()
	if t.noisy > 0 {
		t.printf("\nThe machine was noisy in %d of %d results: its state changed between runs, or floors before and\n"+
			"after a run differed by more than a quarter. Believe ratios rather than figures, and measure again.\n", t.noisy, t.results)
	}
	return t.err
}

// How says in a few words what was sent and how.
func (r Result) How() string {
	var parts []string
	add := func(text string) {
		if text != "" {
			parts = append(parts, text)
		}
	}
	if r.Workers > 2 {
		add(fmt.Sprintf("%d workers", r.Workers))
	}
	add(r.API)
	add(r.Codec)
	if r.Size > 0 {
		add(Bytes(float64(r.Size)))
	}
	if r.Batch > 1 {
		add(fmt.Sprintf("in %ds", r.Batch))
	}
	add(r.Options)
	if r.Rate > 0 {
		add(Quantity(float64(r.Rate), "msgs/s"))
	}
	add(r.Wait)
	return strings.Join(parts, " ")
}

// figures returns the columns of a result.
func (r Result) figures() []string {
	if n := r.Nanos; n != nil {
		return []string{
			column("p50", n.P50, "ns"), column("p99", n.P99, "ns"), column("p99.9", n.P999, "ns"), column("max", n.Max, "ns"),
		}
	}
	if m := r.MsgsPerSec; m != nil {
		columns := []string{column("med", m.Median, "msgs/s"), column("min", m.Min, "msgs/s"), column("max  ", m.Max, "msgs/s")}
		if r.BytesPerSec == 0 {
			return append(columns, fmt.Sprintf("%13s", ""))
		}
		return append(columns, fmt.Sprintf("%13s", Bytes(r.BytesPerSec)+"/s"))
	}
	return nil
}

func column(name string, value float64, unit string) string {
	return fmt.Sprintf("%s %9s", name, Quantity(value, unit))
}

// details returns what else there is to say.
func (r Result) details() []string {
	parts := []string{fmt.Sprintf("%d runs", r.Runs)}
	if r.Runs == 1 {
		parts[0] = "1 run"
	}
	if r.Partial {
		parts[0] = "PARTIAL: " + parts[0]
	}
	if r.Dropped > 0 {
		parts = append(parts, fmt.Sprintf("%d dropped", r.Dropped))
	}
	if r.Floor != nil {
		parts = append(parts, "floor: "+r.Floor.Name)
	}
	if r.Version != "" {
		parts = append(parts, r.Version)
	}
	if len(r.CPUPercent) > 0 && len(r.CPUPercent) <= 4 {
		parts = append(parts, "CPU "+percents(r.CPUPercent))
	}
	if r.SyscallsPerMillion != nil {
		parts = append(parts, fmt.Sprintf("%s system calls per million", short(*r.SyscallsPerMillion)))
	}
	if r.AllocsPerMessage != nil {
		parts = append(parts, fmt.Sprintf("%.3f allocations each", *r.AllocsPerMessage))
	}
	if r.Noisy {
		parts = append(parts, "noisy")
	}
	return parts
}

// placement says which cores were used, and what two of them share.
func (t *Table) placement(cores []int) string {
	switch n := len(cores); {
	case n == 0:
		return "not pinned"
	case n == 1:
		return fmt.Sprintf("core %d", cores[0])
	case n == 2:
		return fmt.Sprintf("cores %d, %d (%s)", cores[0], cores[1], t.machine.Relation(cores[0], cores[1]))
	case n > 8:
		return fmt.Sprintf("cores %d, %d, %d … in turn", cores[0], cores[1], cores[2])
	}
	return "cores " + strings.Trim(strings.ReplaceAll(fmt.Sprint(cores), " ", ", "), "[]")
}

// Quantity returns a figure with its unit in a handy size: "ns" or "msgs/s".
func Quantity(value float64, unit string) string {
	if unit == "ns" {
		return scaled(value, 1000, []string{" ns", " µs", " ms", " s"})
	}
	return scaled(value, 1000, []string{" /s", " k/s", " M/s", " G/s"})
}

// Bytes returns a number of bytes in a handy size.
func Bytes(value float64) string {
	return scaled(value, 1024, []string{" B", " KiB", " MiB", " GiB", " TiB"})
}

// scaled divides until the value fits before its unit.
func scaled(value, step float64, units []string) string {
	i := 0
	for ; value >= step*0.9995 && i < len(units)-1; i++ {
		value /= step
	}
	return short(value) + units[i]
}

// short returns three digits, or more before the point.
func short(value float64) string {
	switch size := math.Abs(value); {
	case value == math.Trunc(value), size >= 99.95:
		return fmt.Sprintf("%.0f", value)
	case size >= 9.995:
		return fmt.Sprintf("%.1f", value)
	}
	return fmt.Sprintf("%.2f", value)
}

// percents returns what each process used of a core.
func percents(list []float64) string {
	var parts []string
	for _, p := range list {
		parts = append(parts, fmt.Sprintf("%.0f", p))
	}
	return strings.Join(parts, " + ") + " %"
}
