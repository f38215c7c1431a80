"""An autoencoder of digits: images through a bottleneck of eight numbers and back."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


class Autoencoder(nn.Module):
    def __init__(self, bottleneck=8):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Flatten(), nn.Linear(64, 32), nn.LeakyReLU(0.1), nn.Linear(32, bottleneck)
        )
        self.decoder = nn.Sequential(
            nn.Linear(bottleneck, 32),
            nn.SiLU(),
            nn.Linear(32, 64),
            nn.Sigmoid(),
            nn.Unflatten(1, (1, 8, 8)),
        )

    def forward(self, x):
        code = self.encoder(x)
        return self.decoder(code), code


def main(folder, path, epochs=10):
    torch.manual_seed(0)
    images = torch.as_tensor(np.load(f"{folder}/train.npz")["images"]).float().unsqueeze(1) / 16.0
    training, held_out = random_split(TensorDataset(images), [900, 100])
    loader = DataLoader(training, batch_size=50, shuffle=True, drop_last=True)
    model = Autoencoder()
    criterion = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for epoch in range(epochs):
        total = 0.0
        for (batch,) in loader:
            output, code = model(batch)
            loss = criterion(output, batch) + 1e-4 * code.abs().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * batch.size(0)
        print(f"epoch {epoch + 1}: {total / len(training):.5f}")
    torch.save(
        {"epoch": epochs, "model": model.state_dict(), "optimizer": optimizer.state_dict()}, path
    )
    checkpoint = torch.load(path)
    again = Autoencoder()
    again.load_state_dict(checkpoint["model"])
    again.eval()
    with torch.no_grad():
        batch = torch.stack([held_out[i][0] for i in range(len(held_out))])
        same = torch.allclose(model(batch)[0], again(batch)[0])
        error = torch.mean((again(batch)[0] - batch) ** 2, dim=(1, 2, 3)).sqrt().mean()
    return error.item(), same, checkpoint["epoch"]
