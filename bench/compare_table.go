package bench

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// comparison is what a table remembers of peers.
type comparison struct {
	row    string // the heading that the last line stands under
	notes  []string
	absent []string
}

// addPeer writes one contender of compare as one line, under a heading for its
// row. How it was used, and who is absent, is said once, at the end.
func (t *Table) addPeer(r Result) {
	if r.Absent != "" {
		t.peers.absent = append(t.peers.absent, fmt.Sprintf("%s, absent: %s", strings.TrimPrefix(r.rowName()+": "+r.Peer, compareName+": "), r.Absent))
		return
	}
	if row := r.rowName(); row != t.peers.row {
		t.peers.row = row
		t.printf("\n%-36s %s\n", row, r.rowColumns())
	}
	name := r.Peer
	if r.Peer == ownName {
		name = strings.Join(slices.DeleteFunc([]string{r.Peer, r.API, batchText(r.Batch), r.Wait}, func(s string) bool { return s == "" }), " ")
		t.note("%s: %s", ownName, cmp.Or(r.Version, "version unknown"))
	} else {
		t.note("%s: %s; %s", r.Peer, r.Version, r.Options)
	}
	t.printf("  %-34s %s\n", name, r.rowFigures())
	if r.Noisy {
		t.noisy++
	}
}

func batchText(batch int) string {
	if batch < 2 {
		return ""
	}
	return fmt.Sprintf("in %ds", batch)
}

// rowName says what all contenders of a row do.
func (r Result) rowName() string {
	switch {
	case r.Scenario == "gob":
		return "gob struct of three fields"
	case r.Size > 0:
		return fmt.Sprintf("%s, %s", r.Scenario, Bytes(float64(r.Size)))
	}
	return r.Scenario
}

// rowColumns is the heading of rowFigures.
func (r Result) rowColumns() string {
	names := []string{"median", "min", "max", "bytes"}
	if r.Nanos != nil {
		names = []string{"p50", "p99", "p99.9", "max"}
	}
	var line strings.Builder
	for _, name := range append(names, "floor", "ratio") {
		fmt.Fprintf(&line, " %11s", name)
	}
	return line.String() + "  CPU"
}

// rowFigures are the figures of one contender.
func (r Result) rowFigures() string {
	var columns []string
	if n := r.Nanos; n != nil {
		for _, v := range []float64{n.P50, n.P99, n.P999, n.Max} {
			columns = append(columns, Quantity(v, "ns"))
		}
	} else if m := r.MsgsPerSec; m != nil {
		for _, v := range []float64{m.Median, m.Min, m.Max} {
			columns = append(columns, Quantity(v, "msgs/s"))
		}
		bytes := ""
		if r.Size > 0 {
			bytes = Bytes(r.BytesPerSec) + "/s"
		}
		columns = append(columns, bytes)
	}
	var line strings.Builder
	for _, column := range append(columns, Quantity(r.Floor.Value, r.Floor.Unit), ratioText(r.Ratio)) {
		fmt.Fprintf(&line, " %11s", column)
	}
	line.WriteString("  " + percents(r.CPUPercent))
	if r.Partial {
		line.WriteString("  PARTIAL")
	}
	if r.Noisy {
		line.WriteString("  noisy")
	}
	return line.String()
}

// ratioText keeps three digits of small ratios.
func ratioText(ratio float64) string {
	if ratio < 0.1 {
		return fmt.Sprintf("%.2g", ratio)
	}
	return short(ratio)
}

// note remembers something to say at the end, once.
func (t *Table) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(t.peers.notes, text) {
		t.peers.notes = append(t.peers.notes, text)
	}
}

// closePeers says what is to be said about peers.
func (t *Table) closePeers() {
	notes := append(t.peers.notes, t.peers.absent...)
	if len(notes) == 0 {
		return
	}
	t.printf("\nWho was compared, and how:\n")
	for _, text := range notes {
		t.printf("  %s\n", text)
	}
}

// variant returns what tells results of one scenario apart besides their
// fields. A peer's options are always the same.
func (r Result) variant() string {
	if r.Peer != "" {
		return ""
	}
	return r.Options
}
