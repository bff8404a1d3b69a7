package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ringmaster-ipc/ringmaster/bench"
	"github.com/ringmaster-ipc/ringmaster/bench/machine"
)

// sample returns a report with something for every part of the page.
func sample(t *testing.T) *Report {
	t.Helper()
	m, err := machine.Describe()
	if err != nil {
		t.Fatal(err)
	}
	latency := hdrhistogram.New(1, 1e9, 3)
	for n := range int64(10_000) {
		if err := latency.RecordValue(100 + n); err != nil {
			t.Fatal(err)
		}
	}
	floor := &bench.Floor{Name: "bare", Value: 80, Unit: "ns"}
	r := &Report{Command: "ringmaster bench <all>", Time: time.Unix(1_800_000_000, 0).UTC(), Machine: m}
	r.Outcomes = append(r.Outcomes, bench.Outcome{
		Result: bench.Result{
			Scenario: "rtt", API: "lane", Wait: "spin", Size: 32, Runs: 5, Ratio: 1.25, Floor: floor, Cores: []int{0, 1},
			Nanos: &bench.Percentiles{Min: 100, P50: 5100, P90: 9100, P99: 10_000, P999: 10_090, Max: 10_099},
		},
		Latency: latency,
	})
	rate := func(scenario string, size, workers int, value float64) {
		r.Outcomes = append(r.Outcomes, bench.Outcome{Result: bench.Result{
			Scenario: scenario, API: "typed", Codec: "raw", Size: size, Workers: workers, Runs: 5, Dropped: 1, Noisy: true,
			MsgsPerSec: &bench.Spread{Min: value, Median: value, Max: value}, BytesPerSec: value * float64(size), Floor: floor, Ratio: 0.5,
		}})
	}
	rate("stream", 32, 2, 1e8)
	rate("stream", 65536, 2, 1e5)
	rate("scale", 32, 2, 1e8)
	rate("scale", 32, 64, 8e7)
	return r
}

func TestThePageNeedsNoNetwork(t *testing.T) {
	page, err := sample(t).HTML()
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range regexp.MustCompile(`(?i)(src|href)\s*=\s*"[^#"][^"]*"|@import|url\(`).FindAllString(string(page), -1) {
		t.Errorf("the page loads %s", link)
	}
	if strings.Contains(string(page), "<script") {
		t.Error("the page has a script")
	}
}

func TestThePageHasEveryDrawingAndFigure(t *testing.T) {
	page, err := sample(t).HTML()
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	if n := strings.Count(text, "<svg"); n != 3 {
		t.Errorf("the page has %d drawings, want 3", n)
	}
	for _, want := range []string{
		"Latencies by percentile", "Throughput by size", "Throughput by number of workers", "5.10 µs", "1.25", "100 M/s",
		"ringmaster bench &lt;all&gt;", "1 dropped", "shares its physical core",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if strings.Contains(text, "ZgotmplZ") || strings.Contains(text, "<no value>") || strings.Contains(text, "<?xml") {
		t.Error("the template left a mark")
	}
}

func TestEveryDrawingIsWellFormed(t *testing.T) {
	drawings, err := drawAll(sample(t).Outcomes)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range drawings {
		decoder := xml.NewDecoder(strings.NewReader(string(d.SVG)))
		for {
			_, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Errorf("%s: %v", d.Title, err)
				break
			}
		}
	}
}

func TestAReportWithNothingToDrawHasNoDrawings(t *testing.T) {
	r := sample(t)
	r.Outcomes = r.Outcomes[1:2]
	page, err := r.HTML()
	if err != nil || bytes.Contains(page, []byte("<svg")) {
		t.Errorf("%v, %d bytes", err, len(page))
	}
}

func TestTheFolderHoldsPageResultsAndLogs(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "report")
	if err := Prepare(folder); err != nil {
		t.Fatal(err)
	}
	r := sample(t)
	if err := r.Write(folder); err != nil {
		t.Fatal(err)
	}
	results, err := os.ReadFile(filepath.Join(folder, "results.json"))
	if err != nil {
		t.Fatal(err)
	}
	decoder, count := json.NewDecoder(bytes.NewReader(results)), 0
	for ; decoder.More(); count++ {
		var one bench.Result
		if err := decoder.Decode(&one); err != nil {
			t.Fatal(err)
		}
	}
	if count != len(r.Outcomes) {
		t.Errorf("results.json has %d results, want %d", count, len(r.Outcomes))
	}
	log, err := os.Open(filepath.Join(folder, "01-rtt-lane-spin.hlog"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	h, err := hdrhistogram.NewHistogramLogReader(log).NextIntervalHistogram()
	if err != nil || h == nil || h.TotalCount() != 10_000 {
		t.Errorf("the log is read as %v, %v", h, err)
	}
	if names, _ := filepath.Glob(filepath.Join(folder, "*")); len(names) != 3 {
		t.Errorf("the folder has %v, want three files", names)
	}
}

func TestAFolderThatCannotBeWrittenIsReported(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{file, filepath.Join(file, "below"), "/proc/nowhere"} {
		if err := Prepare(folder); !errors.Is(err, ErrFolder) {
			t.Errorf("%s: %v, want ErrFolder", folder, err)
		}
	}
	if err := sample(t).Write(file); !errors.Is(err, ErrFolder) {
		t.Errorf("got %v, want ErrFolder", err)
	}
}

func TestPercentilesAreLabelled(t *testing.T) {
	var labels []string
	for _, tick := range (percentileTicks{}).Ticks(1, 1e5) {
		labels = append(labels, tick.Label)
	}
	if got := strings.Join(labels, " "); got != "0 50 90 99 99.9 99.99 99.999" {
		t.Errorf("the labels are %s", got)
	}
}
