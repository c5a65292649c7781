package main

import (
	"bufio"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/products-importer/products-importer/examples/programtest"
)

// rule is one of alerts.yml.
type rule struct {
	Alert, Expr string
	Labels      map[string]string
	Annotations map[string]string
}

// alerts returns the rules of alerts.yml.
func alerts(t *testing.T) (rules []rule) {
	t.Helper()
	text, err := os.ReadFile("../alerts.yml")
	require.NoError(t, err)
	var file struct{ Groups []struct{ Rules []rule } }
	require.NoError(t, yaml.Unmarshal(text, &file))
	for _, g := range file.Groups {
		rules = append(rules, g.Rules...)
	}
	require.NotEmpty(t, rules)
	return rules
}

// series are the metrics that processes show: their label values, by name and label.
type series map[string]map[string][]string

var (
	sample  = regexp.MustCompile(`^([a-z_]+)(?:\{(.*)\})? `)
	label   = regexp.MustCompile(`([a-z_]+)="((?:[^"\\]|\\.)*)"`)
	used    = regexp.MustCompile(`\b(importer_[a-z_]+)(?:\{([^}]*)\})?`)
	matcher = regexp.MustCompile(`([a-z_]+)(=~|!~|!=|=)"([^"]*)"`)
)

// scrape adds what is shown at the address.
func (s series) scrape(t *testing.T, url string) {
	t.Helper()
	response, err := http.Get(url)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	require.Equal(t, 200, response.StatusCode)
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		m := sample.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		if s[m[1]] == nil {
			s[m[1]] = map[string][]string{}
		}
		for _, l := range label.FindAllStringSubmatch(m[2], -1) {
			s[m[1]][l[1]] = append(s[m[1]][l[1]], l[2])
		}
	}
}

// TestAlertsAgainstRealOutput: what the rules look at is what a server and a worker show, names, labels and values.
func TestAlertsAgainstRealOutput(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	c := startIn(t, folder, "-metrics-addr", "127.0.0.1:0")
	c.importFile("", strings.NewReader("sku,name\na,A\n,B\n"))
	require.NotEmpty(t, c.metrics)

	// The address without a log-in has the metrics alone, and the other one asks for a log-in.
	for url, status := range map[string]int{c.base + "/metrics": 401, strings.TrimSuffix(c.metrics, "/metrics") +
		"/products/": 404, c.metrics: 200} {
		response, err := http.Get(url)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, status, response.StatusCode, url)
	}
	require.Contains(t, c.do("GET", "/metrics", "", nil, 200), "\nimporter_import_records_total{outcome=\"created\"} 1\n")

	worker := exec.CommandContext(t.Context(), programtest.Build(t, "../worker"), "-database-url",
		"sqlite:"+filepath.Join(folder, "products.db"), "-admin-addr", "127.0.0.1:0")
	worker.Stderr = os.Stderr
	stdout, err := worker.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, worker.Start())
	t.Cleanup(func() { kill(worker) })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	_, admin, found := strings.Cut(strings.TrimSpace(line), ", ")
	require.True(t, found, line)

	server, both := series{}, series{}
	server.scrape(t, c.metrics)
	both.scrape(t, admin+"/metrics")
	for name := range server {
		if strings.HasPrefix(name, "importer_") && !strings.HasPrefix(name, "importer_http_") &&
			name != "importer_import_rejects_total" { // which has a line for each reason that there was
			require.Contains(t, both, name, "a worker shows what a server does, but for requests")
		}
	}
	both.scrape(t, c.metrics)
	for _, r := range alerts(t) {
		for _, metric := range used.FindAllStringSubmatch(r.Expr, -1) {
			require.Contains(t, both, metric[1], r.Alert)
			for _, m := range matcher.FindAllStringSubmatch(metric[2], -1) {
				values, known := both[metric[1]][m[1]]
				require.True(t, known, "%s: %s has no label %s", r.Alert, metric[1], m[1])
				if m[1] == "status" { // those of requests that failed aren't there yet
					continue
				}
				value := regexp.MustCompile("^(?:" + m[3] + ")$")
				require.True(t, slices.ContainsFunc(values, value.MatchString), "%s: no %s of %s is %s, but %q", r.Alert,
					m[1], metric[1], m[3], values)
			}
		}
		by := regexp.MustCompile(`by \(([^)]*)\)`).FindStringSubmatch(r.Expr)
		metric := used.FindStringSubmatch(r.Expr)
		if by == nil || metric == nil {
			continue
		}
		for _, name := range strings.Split(by[1], ", ") {
			if name != "instance" { // Prometheus' own
				require.Contains(t, both[metric[1]], name, r.Alert)
			}
		}
	}
}

// TestAlertsSayWhatToDo: each rule has the words that somebody needs at night, and tests of when it fires.
func TestAlertsSayWhatToDo(t *testing.T) {
	tests, err := os.ReadFile("../alerts_test.yml")
	require.NoError(t, err)
	for _, r := range alerts(t) {
		require.NotEmpty(t, r.Annotations["summary"], r.Alert)
		require.Greater(t, len(r.Annotations["description"]), 80, r.Alert)
		require.Contains(t, []string{"warning", "critical"}, r.Labels["severity"], r.Alert)
		for _, kind := range []string{" fires\n", " is calm\n"} {
			require.Contains(t, string(tests), "- name: "+r.Alert+kind)
		}
	}
}

// TestAlertsFire has Prometheus' own tool read the rules, and fire them.
func TestAlertsFire(t *testing.T) {
	t.Parallel()
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is missing: install Prometheus for it to fire the alerts")
	}
	for _, args := range [][]string{{"check", "rules", "../alerts.yml"}, {"test", "rules", "../alerts_test.yml"}} {
		said, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput()
		require.NoError(t, err, string(said))
	}
}
