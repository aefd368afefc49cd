/** The older of the two supported versions, installed under another name; its types are those of the newer one. @module */
declare module 'express4' {
  import express from 'express'
  export default express
}
