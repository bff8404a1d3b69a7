package report

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ringmaster-ipc/ringmaster/bench"
	"github.com/ringmaster-ipc/ringmaster/bench/machine"
)

// ErrFolder reports a folder that cannot be written.
var ErrFolder = errors.New("report: the folder cannot be written")

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"quantity": bench.Quantity, "cores": coresText, "optional": optional,
}).Parse(pageText))

// Report is a set of results from one machine.
type Report struct {
	Command  string // that measured
	Time     time.Time
	Machine  *machine.Machine
	Outcomes []bench.Outcome
	Partial  bool // it was interrupted
}

// Prepare makes the folder if need be and tries to write in it, so that nobody
// measures for minutes and finds it cannot be done. It reports [ErrFolder].
func Prepare(folder string) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return fmt.Errorf("%w: %w", ErrFolder, err)
	}
	probe, err := os.CreateTemp(folder, ".probe-*")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFolder, err)
	}
	probe.Close()
	return os.Remove(probe.Name())
}

// Write writes report.html, results.json and the logs of the latencies, and
// replaces what is there of these names. It reports [ErrFolder].
func (r *Report) Write(folder string) error {
	html, err := r.HTML()
	if err != nil {
		return err
	}
	files := map[string][]byte{"report.html": html}
	var lines bytes.Buffer
	for i, o := range r.Outcomes {
		line, err := json.Marshal(o.Result)
		if err != nil {
			return err
		}
		lines.Write(append(line, '\n'))
		if o.Latency != nil {
			if files[logName(i, o.Result)], err = r.log(o.Latency); err != nil {
				return err
			}
		}
	}
	files["results.json"] = lines.Bytes()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o666); err != nil {
			return fmt.Errorf("%w: %w", ErrFolder, err)
		}
	}
	return nil
}

// logName returns the name of a result's log, such as 03-rtt-typed-fixed.hlog.
func logName(i int, r bench.Result) string {
	parts := []string{fmt.Sprintf("%02d", i+1), r.Scenario, r.Peer, r.API, r.Codec, r.Wait}
	name := strings.Join(parts, " ")
	return strings.Join(strings.Fields(name), "-") + ".hlog"
}

// log returns a histogram as a log of one interval. The values are nanoseconds.
func (r *Report) log(h *hdrhistogram.Histogram) ([]byte, error) {
	var buffer bytes.Buffer
	w := hdrhistogram.NewHistogramLogWriter(&buffer)
	start := r.Time.UnixMilli()
	h.SetStartTimeMs(start)
	h.SetEndTimeMs(start + 1)
	err := errors.Join(
		w.OutputLogFormatVersion(),
		w.OutputComment("[ringmaster bench: latencies in nanoseconds, all runs together]"),
		w.OutputStartTime(start),
		w.OutputLegend(),
		w.OutputIntervalHistogram(h),
	)
	return buffer.Bytes(), err
}

// HTML returns the page.
func (r *Report) HTML() ([]byte, error) {
	drawings, err := drawAll(r.Outcomes)
	if err != nil {
		return nil, err
	}
	var buffer bytes.Buffer
	err = page.Execute(&buffer, map[string]any{"Report": r, "Drawings": drawings})
	return buffer.Bytes(), err
}

func coresText(cores []int) string {
	if len(cores) > 8 {
		return fmt.Sprintf("%v …", cores[:8])
	}
	return fmt.Sprint(cores)
}

// optional returns a figure that may be absent.
func optional(v *float64) string {
	if v == nil {
		return ""
	}
	return fmt.Sprintf("%.3g", *v)
}
