import 'reflect-metadata'
import type { IncomingMessage } from 'node:http'
import { getAiegis, requireAiegisToken } from '@aiegis/express'
import { Body, Controller, Module, Post, Req } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'

@Controller('orders')
class Orders {
  @Post()
  create(@Req() request: IncomingMessage, @Body() ordered: unknown): object {
    const { presenter, receiptId } = getAiegis(request)
    return { ordered, by: presenter.did, receipt: receiptId }
  }
}

@Module({ controllers: [Orders] })
class App {}

const app = await NestFactory.create(App, { logger: ['error', 'warn'] })

// Trust comes from aiegis-trust.json beside package.json. Every route of this application needs evidence.
app.use(requireAiegisToken({ actions: { 'POST /orders': 'orders.create' } }))

await app.listen(18082, '127.0.0.1')
