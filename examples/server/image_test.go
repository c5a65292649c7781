package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/importer/catalogtest"
)

// imageVersion is what the tests' image says of itself.
const imageVersion = "v0.0.0-of-a-test"

// docker runs the program docker with an input, and returns what it prints and its exit status.
func docker(t *testing.T, input string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, err bytes.Buffer
	p := exec.CommandContext(t.Context(), "docker", args...)
	p.Stdin, p.Stdout, p.Stderr = strings.NewReader(input), &out, &err
	if e := p.Run(); e != nil {
		var ended *exec.ExitError
		require.ErrorAs(t, e, &ended)
		status = ended.ExitCode()
	}
	return strings.TrimSpace(out.String()), strings.TrimSpace(err.String()), status
}

// must is docker for what has to succeed.
func must(t *testing.T, args ...string) (stdout string) {
	t.Helper()
	stdout, stderr, status := docker(t, "", args...)
	require.Zero(t, status, "docker %s: %s", args[0], stderr)
	return stdout
}

// image builds the image of the Dockerfile and returns its name, without pulling anything: the commands of the build
// stage run on this machine instead of in an image golang, with the modules that this machine has. They are those of
// the Dockerfile, and so is all of the last stage.
func image(t *testing.T) (name string) {
	t.Helper()
	if !casetest.Thorough() {
		t.Skip("an image takes minutes to build: set TEST_THOROUGH=1")
	}
	if _, err := exec.LookPath("docker"); err != nil {
		t.Skip("there is no Docker: no image is built")
	}
	if said, err := exec.CommandContext(t.Context(), "timeout", "20", "docker", "version").CombinedOutput(); err != nil {
		t.Skipf("no Docker engine answers, and no image is built: %s", bytes.ReplaceAll(said, []byte("\n"), []byte("; ")))
	}
	if _, err := os.Stat("/etc/ssl/certs/ca-certificates.crt"); err != nil {
		t.Skipf("this machine has no certificates to put into an image: %v", err)
	}
	text, err := os.ReadFile("Dockerfile")
	require.NoError(t, err)
	folder := t.TempDir()
	build, last, ok := strings.Cut(string(text), "\nFROM scratch\n")
	require.True(t, ok, "the last stage begins with nothing")
	commands := 0
	for line := range strings.Lines(build) {
		command, ok := strings.CutPrefix(line, "RUN ")
		if !ok || strings.HasPrefix(command, "go mod download") {
			continue
		}
		commands++
		p := exec.CommandContext(t.Context(), "sh", "-ec", strings.ReplaceAll(command, "/out/", folder+"/out/"))
		p.Dir = filepath.Join("..", "..")
		p.Env = append(os.Environ(), "VERSION="+imageVersion)
		said, err := p.CombinedOutput()
		require.NoError(t, err, "%s: %s", command, said)
	}
	require.Equal(t, 2, commands, "the commands of the build stage")
	last = "FROM scratch\n" + strings.ReplaceAll(strings.ReplaceAll(last, "--from=build ", ""), " /out/", " out/")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "Dockerfile"), []byte(last), 0o600))
	name = "products-importer-test:" + strings.ToLower(rand.Text())
	must(t, "build", "-q", "--build-arg", "VERSION="+imageVersion, "-t", name, folder)
	t.Cleanup(func() { _ = exec.Command("docker", "image", "rm", "-f", name).Run() })
	return name
}

// container starts a container with as few rights as it needs, and removes it at the end of the test.
func container(t *testing.T, image string, args ...string) (id string) {
	t.Helper()
	command := []string{"run", "-d", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "-e", "ADMIN_PASSWORD=secret",
		"-e", "DRAIN=0"}
	at := slices.Index(args, "--") // what stands behind it is for the program
	if at < 0 {
		at = len(args)
		args = append(args, "--")
	}
	command = slices.Concat(command, args[:at], []string{image}, args[at+1:])
	id = must(t, command...)
	t.Cleanup(func() { _ = exec.Command("docker", "rm", "-f", "-v", id).Run() })
	return id
}

// healthy waits until a container's own check says that it is healthy.
func healthy(t *testing.T, id string) {
	t.Helper()
	for giveUp := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		state := must(t, "inspect", "-f", "{{.State.Status}} {{.State.Health.Status}}", id)
		if state == "running healthy" {
			return
		}
		if time.Now().After(giveUp) || !strings.HasPrefix(state, "running") {
			logs, more, _ := docker(t, "", "logs", id)
			health := must(t, "inspect", "-f", "{{json .State.Health}}", id)
			require.FailNow(t, "the container isn't healthy", "%s\n%s\n%s\n%s", state, logs, more, health)
		}
	}
}

// ready waits until a command in the container succeeds.
func ready(t *testing.T, id string, command ...string) {
	t.Helper()
	for giveUp := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		_, says, status := docker(t, "", append([]string{"exec", id}, command...)...)
		if status == 0 {
			return
		}
		require.Less(t, time.Now(), giveUp, says)
	}
}

// clientOf talks to the server in a container.
func clientOf(t *testing.T, id string) *client {
	t.Helper()
	address, _, _ := strings.Cut(must(t, "port", id, "8080/tcp"), "\n")
	return &client{t: t, base: "http://" + address, password: "secret"}
}

func TestImage(t *testing.T) {
	t.Parallel()
	name := image(t)
	for what, test := range map[string]func(t *testing.T, name string){"what it is": testImage,
		"a full disk": testFullDisk, "the services of compose.yaml": testComposedServices} {
		t.Run(what, func(t *testing.T) { test(t, name) })
	}
}

// testImage: the image has the programs and nothing else, runs as nobody in particular, knows its version, checks its
// health, and keeps what it has in a volume through a kill.
func testImage(t *testing.T, name string) {
	var config []struct {
		Size   int64
		Config struct {
			User    string
			Volumes map[string]any
			Labels  map[string]string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(must(t, "image", "inspect", name)), &config))
	require.Equal(t, "65532:65532", config[0].Config.User)
	require.Contains(t, config[0].Config.Volumes, "/data")
	require.Equal(t, imageVersion, config[0].Config.Labels["org.opencontainers.image.version"])
	require.Less(t, config[0].Size, int64(150<<20), "programs alone")

	for _, program := range []string{"server", "worker", "importcsv"} {
		require.Contains(t, must(t, "run", "--rm", "--entrypoint", "/"+program, name, "-version"),
			program+" "+imageVersion)
	}
	_, stderr, status := docker(t, "", "run", "--rm", name)
	require.Equal(t, 2, status)
	require.Contains(t, stderr, "set ADMIN_PASSWORD")
	require.NotContains(t, stderr, "\n", "one line")

	id := container(t, name, "-p", "127.0.0.1::8080", "--health-interval", "1s")
	healthy(t, id)
	c := clientOf(t, id)
	certificates, _, status := docker(t, "", "cp", id+":/etc/ssl/certs/ca-certificates.crt", "-")
	require.Zero(t, status)
	require.Contains(t, certificates, "BEGIN CERTIFICATE")
	const records = 2_000
	ended, _ := c.importFile("", catalogtest.NewReader(records, catalogtest.Base))
	require.Equal(t, "done", ended.Event)
	distinct := float64(catalogtest.Distinct(records))

	// Another process on the same file, in the same container and in another one.
	stdout, stderr, status := docker(t, "sku,name\nby-hand,Lamp\n", "exec", "-i", id, "/importcsv", "-")
	require.Zero(t, status, stderr)
	require.Contains(t, stdout, "into /data/products.db")
	worker := container(t, name, "--volumes-from", id, "--entrypoint", "/worker", "--no-healthcheck")
	ready(t, worker, "/worker", "healthcheck")
	require.Contains(t, must(t, "exec", id, "/server", "backup", "/data/copy.db"), "into /data/copy.db")

	must(t, "kill", "-s", "KILL", id)
	must(t, "start", id)
	healthy(t, id)
	c = clientOf(t, id)
	require.InDelta(t, distinct+1, c.count(""), 0, "all of it is kept")

	must(t, "stop", "-t", "20", id)
	require.Equal(t, "0", must(t, "inspect", "-f", "{{.State.ExitCode}}", id), "it ends in good order")
}

// testFullDisk: the file's disk is full. Each program says so in one line, what was committed stays, and the
// server goes on reading, and writing once there is room.
func testFullDisk(t *testing.T, name string) {
	id := container(t, name, "-p", "127.0.0.1::8080", "--health-interval", "1s",
		"--tmpfs", "/data:size=12m,uid=65532", "--", "-workers", "0")
	healthy(t, id)
	c := clientOf(t, id)
	var catalogue strings.Builder
	require.NoError(t, catalogtest.WriteVariant(&catalogue, 100_000, catalogtest.Base))
	stdout, stderr, status := docker(t, catalogue.String(), "exec", "-i", id, "/importcsv", "-json", "-")
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "the disk is full")
	require.NotContains(t, stderr, "\n", "one line")
	var result struct{ Created float64 }
	require.NoError(t, json.Unmarshal([]byte(stdout), &result))
	require.InDelta(t, result.Created, c.count(""), 0, "what was committed is there, and nothing else")

	response, err := http.Get(c.base + "/livez")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	c.do("POST", "/upload_csv/", "text/csv", strings.NewReader(catalogue.String()), 507)
	require.InDelta(t, result.Created, c.count(""), 0)
	_, stderr, status = docker(t, "", "exec", id, "/server", "backup", "/data/copy.db")
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "/data/copy.db can't grow: the disk is full")
}
