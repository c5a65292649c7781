package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/importer/catalogtest"
)

// service is what the tests look at of a service of compose.yaml.
type service struct {
	Image       string
	Build       struct{ Context, Dockerfile string }
	Entrypoint  []string
	Command     []string
	Environment map[string]string
	DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
	ReadOnly    bool                                  `yaml:"read_only"`
	Deploy      struct{ Replicas int }
	Healthcheck struct{ Test []string }
}

// variable is one that compose takes from its environment: ${NAME}, ${NAME:-default} or ${NAME:?message}.
var variable = regexp.MustCompile(`\$\{(\w+)(?::[-?]([^}]*))?\}`)

// services reads compose.yaml, with the variables that have to be set as "secret".
func services(t *testing.T) map[string]service {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "compose.yaml"))
	require.NoError(t, err)
	filled := variable.ReplaceAllStringFunc(string(text), func(v string) string {
		if strings.Contains(v, ":?") {
			return "secret"
		}
		return ""
	})
	var file struct{ Services map[string]service }
	require.NoError(t, yaml.Unmarshal([]byte(filled), &file))
	return file.Services
}

// TestCompose reads compose.yaml, and has docker compose read it, where there is one.
func TestCompose(t *testing.T) {
	all := services(t)
	require.Len(t, all, 3)
	server, worker, database := all["server"], all["worker"], all["postgres"]
	require.Equal(t, server.Image, worker.Image, "one image")
	require.Equal(t, 2, worker.Deploy.Replicas)
	dockerfile, err := filepath.Abs(filepath.Join("..", server.Build.Context, server.Build.Dockerfile))
	require.NoError(t, err)
	require.FileExists(t, dockerfile)
	require.NotEmpty(t, database.Healthcheck.Test, "the programs wait for it")
	for _, s := range []service{server, worker} {
		require.Equal(t, "service_healthy", s.DependsOn["postgres"].Condition)
		require.True(t, s.ReadOnly)
		require.Equal(t, database.Environment["POSTGRES_PASSWORD"], s.Environment["PGPASSWORD"])
	}

	// The server takes its command and environment.
	env := func(name string) string { return server.Environment[name] }
	s := &settings{}
	require.NoError(t, s.parse(newFlags(s), append([]string{"-addr", ":8080"}, server.Command...), env))
	require.Equal(t, "PostgreSQL", s.database.URL.String())
	require.Zero(t, s.work.Workers)
	require.False(t, s.madeUp)

	if exec.Command("docker", "compose", "version").Run() != nil {
		t.Log("there is no docker compose: the file was only read here")
		return
	}
	p := exec.CommandContext(t.Context(), "docker", "compose", "-f", filepath.Join("..", "compose.yaml"), "config", "-q")
	p.Env = append(os.Environ(), "ADMIN_PASSWORD=secret", "POSTGRES_PASSWORD=secret")
	said, err := p.CombinedOutput()
	require.NoError(t, err, string(said))
}

// testComposedServices starts what compose.yaml says, by docker alone: the server and two workers with their commands,
// environment and checks. What isn't compose's is the network, that of this machine, and the database, the test's.
func testComposedServices(t *testing.T, name string) {
	all := services(t)
	run := func(s service, addresses ...string) (id string) {
		args := []string{"--network", "host", "--no-healthcheck"}
		environment := []string{}
		for key, value := range s.Environment {
			if key != "DATABASE_URL" && key != "PGPASSWORD" {
				environment = append(environment, key+"="+value)
			}
		}
		for _, setting := range slices.Concat(environment, addresses) {
			args = append(args, "-e", setting)
		}
		if len(s.Entrypoint) > 0 {
			args = append(args, "--entrypoint", s.Entrypoint[0])
		}
		return container(t, name, slices.Concat(args, []string{"--"}, s.Command)...)
	}
	url := "DATABASE_URL=" + home.URL(t)
	ports := freePorts(t, 3)
	server := run(all["server"], url, "ADDR="+ports[0])
	ready(t, server, "/server", "healthcheck")
	c := &client{t: t, base: "http://" + ports[0], password: "secret"}
	waiting := c.upload("", "text/csv", catalogtest.NewReader(2_000, catalogtest.Base))
	require.Contains(t, c.do("GET", "/imports/"+waiting, "", nil, 200), `"PENDING"`, "the server has no worker")
	for _, port := range ports[1:] {
		ready(t, run(all["worker"], url, "ADMIN_ADDR="+port), all["worker"].Healthcheck.Test[1:]...)
	}
	ended, _ := c.importFile("", catalogtest.NewReader(2_000, catalogtest.HalfNew))
	require.Equal(t, "done", ended.Event)
	require.Contains(t, c.do("POST", "/status/", "application/json", strings.NewReader(`{"task_id":"`+waiting+`"}`), 200),
		"event: done")
}

// freePorts returns addresses that nobody listens at, of this machine.
func freePorts(t *testing.T, n int) (addresses []string) {
	t.Helper()
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer func() { require.NoError(t, listener.Close()) }()
		addresses = append(addresses, listener.Addr().String())
	}
	return addresses
}
