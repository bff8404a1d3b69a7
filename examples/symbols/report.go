package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// report is what the job prints; the fields with names are those of -json.
type report struct {
	Files          int64     `json:"files"`      // read
	Unreadable     int64     `json:"unreadable"` // and not counted; folders too
	Bytes          int64     `json:"bytes"`
	Identifiers    int64     `json:"identifiers"`
	Distinct       int64     `json:"distinct"`
	Top            []symbol  `json:"top"`
	Workers        int       `json:"workers"` // parsers
	Seconds        float64   `json:"seconds"` // from before the first process was started
	Messages       int64     `json:"messages"`
	BytesPerSecond int64     `json:"bytes_per_second"`
	Latency        quantiles `json:"latency_ns"` // of a file, from send to handled

	shares []share
}

type symbol struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

type quantiles struct {
	P50  int64 `json:"p50"`
	P99  int64 `json:"p99"`
	P999 int64 `json:"p999"`
}

// before orders by count, and equals by name.
func (s symbol) before(t symbol) bool {
	return s.Count > t.Count || s.Count == t.Count && s.Name < t.Name
}

// top returns the n most frequent identifiers. Nearly all of them are rare and
// cost one comparison; to sort them would take longer than to merge the tables.
func (t table) top(n int) []symbol {
	list := make([]symbol, 0, n+1)
	for name, count := range t {
		s := symbol{name, count}
		if len(list) == n && !s.before(list[n-1]) {
			continue
		}
		at := sort.Search(len(list), func(i int) bool { return s.before(list[i]) })
		list = slices.Insert(list, at, s)
		list = list[:min(n, len(list))]
	}
	return list
}

// lines returns the report as text or as one line of JSON.
func (r *report) lines(asJSON bool) []string {
	if !asJSON {
		return strings.Split(strings.TrimSuffix(r.text(), "\n"), "\n")
	}
	line, err := json.Marshal(r)
	if err != nil {
		panic(err) // there is nothing in it that JSON does not have
	}
	return []string{string(line)}
}

func (r *report) text() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(cells ...any) {
		for _, c := range cells {
			fmt.Fprintf(w, "%v\t", c)
		}
		fmt.Fprintln(w)
	}
	row("files", grouped(r.Files))
	row("unreadable", grouped(r.Unreadable))
	row("bytes", grouped(r.Bytes))
	row("identifiers", grouped(r.Identifiers))
	row("distinct", grouped(r.Distinct))
	row()
	for _, s := range r.Top {
		row(s.Name, grouped(s.Count))
	}
	w.Flush()
	fmt.Fprintln(&b)

	row("worker", "files", "bytes", "share", "core", "CPU", "memory")
	for _, s := range r.shares {
		row("parser "+s.id.String(), grouped(s.totals.Files), grouped(s.totals.Bytes), percent(s.totals.Bytes, r.Bytes),
			s.used.Core, fmt.Sprintf("%.2f s", s.used.CPU), megabytes(s.used.Memory))
	}
	w.Flush()
	fmt.Fprintln(&b)

	fmt.Fprintf(&b, "%.3f s: %s messages/s, %s/s\n", r.Seconds,
		grouped(int64(float64(r.Messages)/r.Seconds)), megabytes(r.BytesPerSecond))
	fmt.Fprintf(&b, "from send to handled: p50 %v, p99 %v, p99.9 %v\n",
		nanos(r.Latency.P50), nanos(r.Latency.P99), nanos(r.Latency.P999))
	return b.String()
}

// grouped writes a number with commas between its thousands.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

func percent(part, whole int64) string {
	if whole == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(whole))
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

func nanos(n int64) time.Duration { return time.Duration(n).Round(time.Microsecond) }
