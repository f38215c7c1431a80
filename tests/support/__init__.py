"""What tests are built with: toy workspaces, forks, a browser, a server of images."""
