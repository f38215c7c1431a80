"""Handwritten digits with a convolutional network, in the form that every first program has."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, Dataset


class Digits(Dataset):
    def __init__(self, path):
        found = np.load(path)
        self.images = torch.from_numpy(found["images"].astype(np.float32)).unsqueeze(1) / 16
        self.labels = torch.from_numpy(found["labels"]).long()

    def __len__(self):
        return self.images.size(0)

    def __getitem__(self, index):
        return self.images[index], self.labels[index]


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 8, 3, 1, 1)
        self.second = nn.Conv2d(8, 16, kernel_size=3, padding=1)
        self.scores = nn.Linear(64, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.first(x)), 2)
        x = F.max_pool2d(F.relu(self.second(x)), 2)
        x = x.view(x.size(0), -1)
        x = F.dropout(x, 0.1, training=self.training)
        return F.log_softmax(self.scores(x), dim=1)


def start(layer):
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.constant_(layer.bias, 0.0)


def accuracy(model, loader, device):
    model.eval()
    right = 0
    with torch.no_grad():
        for images, labels in loader:
            _, predicted = torch.max(model(images.to(device)), 1)
            right += (predicted == labels.to(device)).sum().item()
    return right / len(loader.dataset)


def main(folder, epochs=6):
    torch.manual_seed(1)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = Network().to(device)
    model.apply(start)
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    scheduler = StepLR(optimizer, step_size=2, gamma=0.5)
    loader = DataLoader(Digits(f"{folder}/train.npz"), batch_size=50, shuffle=True, num_workers=0)
    for epoch in range(1, epochs + 1):
        model.train()
        total = torch.zeros(())
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            optimizer.zero_grad()
            loss = F.nll_loss(model(images), labels)
            loss.backward()
            optimizer.step()
            total += loss.detach()
        scheduler.step()
        print(
            f"epoch {epoch}: loss {total / len(loader):.4f}, next lr {scheduler.get_last_lr()[0]:.4f}"
        )
    return accuracy(model, DataLoader(Digits(f"{folder}/test.npz"), batch_size=100), device)
