package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/ory/dockertest/v3"
	"github.com/ory/dockertest/v3/docker"
)

const (
	officialImage = "postgres:17.6"
	containerLife = 30 * 60 // seconds, for a test process that was killed
)

// fromDocker starts a container.
func fromDocker() (*server, error) {
	image := os.Getenv("TEST_POSTGRES_IMAGE")
	if image == "" {
		image = officialImage
	}
	fail := func(err error) (*server, error) { return nil, fmt.Errorf("dockertest (%s): %w", image, err) }
	pool, err := dockertest.NewPool("")
	if err != nil {
		return fail(err)
	}
	if err := ping(pool.Client); err != nil {
		return fail(err)
	}
	repository, tag := docker.ParseRepositoryTag(image)
	if tag == "" {
		tag = "latest"
	}
	if _, err := pool.Client.InspectImage(image); err != nil {
		// Dockertest would pull it as well, but wait for a registry that never answers.
		err := pool.Client.PullImage(docker.PullImageOptions{Repository: repository, Tag: tag, InactivityTimeout: 20 * time.Second}, docker.AuthConfiguration{})
		if err != nil {
			return fail(err)
		}
	}
	password := rand.Text()
	container, err := pool.RunWithOptions(&dockertest.RunOptions{
		Repository: repository,
		Tag:        tag,
		Env:        []string{"POSTGRES_USER=postgres", "POSTGRES_PASSWORD=" + password},
		Cmd:        []string{"postgres", "-c", "max_connections=200"},
	}, func(c *docker.HostConfig) {
		c.AutoRemove = true
		// A volume, as official images declare one: a container's own layers are slow to write.
		c.Mounts = []docker.HostMount{{Type: "volume", Target: "/var/lib/postgresql/data"}}
	})
	if err != nil {
		return fail(err)
	}
	s := &server{from: "dockertest (" + image + ")", stop: func() { _ = pool.Purge(container) }}
	if err := container.Expire(containerLife); err != nil {
		s.stop()
		return fail(err)
	}
	u := url.URL{Scheme: "postgres", User: url.UserPassword("postgres", password), Host: container.GetHostPort("5432/tcp"), Path: "/postgres", RawQuery: "sslmode=disable"}
	s.url = u.String()
	if _, err := await(s.url, time.Minute); err != nil {
		s.stop()
		return fail(err)
	}
	return s, nil
}

// ping tells whether an engine answers.
func ping(client *docker.Client) error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if err := client.PingWithContext(ctx); err != nil {
		return fmt.Errorf("no Docker engine answers: %s", strings.TrimSpace(err.Error()))
	}
	return nil
}
